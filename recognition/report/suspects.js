"use strict";

// A class chosen in the list hides all images that are neither labelled nor predicted as it.
(() => {
  const list = document.getElementById("class");
  if (!list) return;
  const images = [...document.querySelectorAll(".suspects li")];
  list.closest("[hidden]").hidden = false;

  function show() {
    for (const image of images) image.hidden = list.value !== "" && !image.dataset.classes.split(" ").includes(list.value);
    const count = images.filter((image) => !image.hidden).length;
    document.getElementById("shown").textContent = `${count} of ${images.length} shown`;
  }

  list.addEventListener("change", show);
  show();
})();
