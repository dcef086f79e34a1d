// The gallery: which pictures of each part are seen depends on a class, its part in the picture, and how many are asked for.
(() => {
  const FIRST = 12;
  const field = document.getElementById("gallery-class");
  const role = document.getElementById("gallery-role");
  const told = document.getElementById("gallery-found");
  const parts = [...document.querySelectorAll(".gallery-part")].map((element) => ({
    element, cards: [...element.querySelectorAll(".card")], limit: FIRST,
  }));

  function fits({ dataset }, wanted) {
    if (wanted === undefined) return true;
    const isTrue = Number(dataset.true) === wanted;
    const isPredicted = Number(dataset.predicted) === wanted;
    return { either: isTrue || isPredicted, true: isTrue, predicted: isPredicted }[role.value];
  }

  function show(part, wanted, unknown) {
    const fitting = unknown ? [] : part.cards.filter((card) => fits(card, wanted));
    const seen = new Set(fitting.slice(0, part.limit));
    for (const card of part.cards) card.hidden = !seen.has(card);
    part.element.querySelector(".none").hidden = fitting.length > 0;
    part.element.querySelector(".more").hidden = fitting.length <= part.limit;
  }

  function update() {
    const [wanted, ...others] = matchingClasses(field.value);
    const unknown = wanted === undefined && field.value.trim() !== "";
    for (const part of parts) show(part, wanted, unknown);
    if (wanted === undefined) told.textContent = unknown ? "No class has such a name." : "";
    else told.replaceChildren("Only pictures of ", isolated(classNames[wanted]), others.length ? `, not of ${others.length} others that fit` : "");
  }

  for (const control of [field, role]) {
    control.addEventListener("input", () => {
      for (const part of parts) part.limit = FIRST;
      update();
    });
  }
  for (const part of parts) {
    part.element.querySelector(".more").addEventListener("click", () => {
      part.limit += FIRST;
      update();
    });
  }
  update();
})();
