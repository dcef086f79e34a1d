"use strict";

// The confusion matrix answers to pointer, touch and arrow keys: it tells a cell's classes, count and share.
(() => {
  const { names, groups, cells } = JSON.parse(document.getElementById("matrix-data").textContent);
  const size = names.length;
  const filled = new Map(cells.map(([row, column, count, share]) => [row * size + column, { count, share }]));
  const matrix = document.getElementById("matrix");
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  let current = null;

  function write(part, text) {
    document.querySelector(`[data-cell="${part}"]`).textContent = text;
  }

  function mark(id, side, position) {
    const bar = document.getElementById(id);
    bar.setAttribute(side, position);
    bar.setAttribute("visibility", "visible");
  }

  function show(row, column) {
    const { count, share } = filled.get(row * size + column) ?? { count: 0, share: 0 };
    current = [row, column];
    write("true", names[row]);
    write("true-group", groups[row] ?? "");
    write("predicted", names[column]);
    write("predicted-group", groups[column] ?? "");
    write("count", count);
    write("share", `${(100 * share).toFixed(1)}\u00a0%`);
    mark("cross-row", "y", row);
    mark("cross-column", "x", column);
  }

  function isInside([row, column]) {
    return Math.min(row, column) >= 0 && Math.max(row, column) < size;
  }

  function move([down, right], toFilled) {
    let next = current ? [current[0] + down, current[1] + right] : [0, 0];
    while (toFilled && isInside(next) && !filled.has(next[0] * size + next[1])) {
      next = [next[0] + down, next[1] + right];
    }
    if (isInside(next)) show(...next);
  }

  function point(event) {
    const box = matrix.getBoundingClientRect();
    const cell = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    const place = cell.map((share) => Math.floor(share * size));
    if (isInside(place)) show(...place);
  }

  matrix.addEventListener("pointermove", point);
  matrix.addEventListener("pointerdown", point);
  matrix.addEventListener("focus", () => current ?? show(0, 0));
  matrix.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(steps[event.key], event.shiftKey);
  });
  for (const button of document.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => move(button.dataset.step.split(",").map(Number), false));
  }
})();
