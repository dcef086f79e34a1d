// A confusion matrix answers to pointer, touch and arrow keys: it tells a cell's classes, count and share.
const matrices = ["classes", "superclasses"].filter((of) => document.getElementById(`matrix-of-${of}`)).map((of) => {
  const { names, groups, cells } = JSON.parse(document.getElementById(`data-of-${of}`).textContent);
  const size = names.length;
  const counts = new Map();
  const totals = new Array(size).fill(0);
  for (let place = 0; place < cells.length; place += 3) {
    counts.set(cells[place] * size + cells[place + 1], cells[place + 2]);
    totals[cells[place]] += cells[place + 2];
  }
  return { names, groups, size, counts, totals, element: document.getElementById(`matrix-of-${of}`), current: null };
});

(() => {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  let active = matrices[0];

  function write(part, text) {
    document.querySelector(`[data-cell="${part}"]`).textContent = text;
  }

  function show(matrix, row, column) {
    const { names, groups, counts, totals } = matrix;
    const count = counts.get(row * matrix.size + column) ?? 0;
    active = matrix;
    matrix.current = [row, column];
    write("true", names[row]);
    write("true-group", groups[row] ?? "");
    write("predicted", names[column]);
    write("predicted-group", groups[column] ?? "");
    write("count", count);
    write("share", totals[row] ? `${((100 * count) / totals[row]).toFixed(1)}\u00a0%` : "no images");
    for (const other of matrices) mark(other, "cross", other === matrix ? row : null, column);
  }

  function isInside(matrix, [row, column]) {
    return Math.min(row, column) >= 0 && Math.max(row, column) < matrix.size;
  }

  function move(matrix, [down, right], toFilled) {
    const { size, counts, current } = matrix;
    let next = current ? [current[0] + down, current[1] + right] : [0, 0];
    while (toFilled && isInside(matrix, next) && !counts.has(next[0] * size + next[1])) {
      next = [next[0] + down, next[1] + right];
    }
    if (isInside(matrix, next)) show(matrix, ...next);
  }

  function point(matrix, event) {
    const box = matrix.element.getBoundingClientRect();
    const place = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    const cell = place.map((share) => Math.floor(share * matrix.size));
    if (isInside(matrix, cell)) show(matrix, ...cell);
  }

  for (const matrix of matrices) {
    matrix.element.addEventListener("pointermove", (event) => point(matrix, event));
    matrix.element.addEventListener("pointerdown", (event) => point(matrix, event));
    matrix.element.addEventListener("focus", () => show(matrix, ...(matrix.current ?? [0, 0])));
    matrix.element.addEventListener("keydown", (event) => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      move(matrix, steps[event.key], event.shiftKey);
    });
  }
  for (const button of document.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => move(active, button.dataset.step.split(",").map(Number), false));
  }
})();

// Bars over a row and a column; none where row is null.
function mark({ element, size }, kind, row, column) {
  for (const [side, edge, place] of [["row", "top", row], ["column", "left", column]]) {
    const bar = element.querySelector(`.${kind}.${side}`);
    bar.hidden = row === null;
    bar.style[edge] = `${(100 * place) / size}%`;
    bar.style[side === "row" ? "height" : "width"] = `${100 / size}%`;
  }
}
