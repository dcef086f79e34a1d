// A click on a heading sorts its table by that column, a second click the other way round.
for (const button of document.querySelectorAll(".sortable thead button")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th");
    const body = heading.closest("table").tBodies[0];
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const cell = (row) => row.cells[heading.cellIndex];
    const compare = (a, b) =>
      a.dataset.value ? a.dataset.value - b.dataset.value : a.textContent.localeCompare(b.textContent);
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    body.append(...[...body.rows].sort((a, b) => sign * compare(cell(a), cell(b))));
  });
}
