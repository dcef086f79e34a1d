"use strict";
(() => {
  const MOST = 20; // answers kept on the page
  const SMALL = 100; // pixels below which an image is shown without smoothing
  const find = (id) => document.getElementById(id);
  const drop = find("drop"), answers = find("answers"), problem = find("problem"), state = find("state");
  const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
  const one = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  document.documentElement.classList.add("with-script");

  async function classify(files) {
    problem.hidden = true;
    if (!files.length) return;
    state.textContent = `Asking about ${one(files.length, "image")} …`;
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name || "photo");
    try {
      const response = await fetch("predict", { method: "POST", body: form });
      const answer = await response.json();
      if (!response.ok) throw new Error(told(answer));
      for (let number = files.length - 1; number >= 0; number--) show(files[number], answer.predictions[number]);
      state.textContent = `${one(files.length, "image")} answered by ${answer.model.name}, version ${answer.model.version}.`;
    } catch (error) {
      state.textContent = "";
      problem.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
      problem.hidden = false;
    }
  }

  function told(answer) {
    const files = (answer.errors || []).filter((each) => each.file).map((each) => `${each.file}: ${each.detail}`);
    return files.length ? files.join("\n") : answer.detail || "The server does not understand.";
  }

  function show(file, prediction) {
    const card = find("card").content.firstElementChild.cloneNode(true);
    const image = card.querySelector("img"), name = card.querySelector("h3 bdi"), none = card.querySelector(".none");
    image.alt = file.name || "photo";
    image.onload = () => image.classList.toggle("small", Math.max(image.naturalWidth, image.naturalHeight) < SMALL);
    image.src = URL.createObjectURL(file);
    card.querySelector("figcaption bdi").textContent = file.name || "photo";
    name.textContent = prediction.label ?? "None of these";
    name.parentElement.classList.toggle("none", prediction.label === null);
    none.hidden = prediction.label !== null;
    none.textContent = `The model is not sure enough to answer: ${percent(prediction.top[0].probability)} at most.`;
    card.querySelector("tbody").append(...prediction.top.map(row));
    answers.prepend(card);
    find("heading").hidden = false;
    while (answers.children.length > MOST) forget(answers.lastElementChild);
  }

  function row(candidate) {
    const line = document.createElement("tr"), head = document.createElement("th"), cell = document.createElement("td");
    const name = document.createElement("bdi"), share = document.createElement("div");
    const bar = document.createElement("i"), number = document.createElement("span");
    head.scope = "row";
    name.textContent = candidate.label;
    head.append(name);
    share.className = "share";
    share.style.setProperty("--share", `${100 * candidate.probability}%`);
    number.textContent = percent(candidate.probability);
    share.append(bar, number);
    cell.append(share);
    line.append(head, cell);
    return line;
  }

  function forget(card) {
    URL.revokeObjectURL(card.querySelector("img").src);
    card.remove();
  }

  for (const input of [find("files"), find("photo")]) {
    input.addEventListener("change", async () => {
      await classify([...input.files]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  // the whole window takes drops: a browser would leave the page for an image that misses the field
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    classify([...event.dataTransfer.files]);
  });
})();
