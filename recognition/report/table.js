// A click on a heading sorts its table by that column, a second click the other way round; so do buttons elsewhere.
(() => {
  const collator = new Intl.Collator("en", { numeric: true });

  function sort(heading, direction) {
    const body = heading.closest("table").tBodies[0];
    const sign = direction === "ascending" ? 1 : -1;
    const place = heading.cellIndex;
    const isNumber = [...body.rows].every((row) => row.cells[place].dataset.value);
    const value = ({ dataset, textContent }) => (isNumber ? Number(dataset.value) : textContent);
    const rows = [...body.rows].map((row) => [value(row.cells[place]), row]);
    rows.sort(([a], [b]) => sign * (isNumber ? a - b : collator.compare(a, b)));
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction);
    body.append(...rows.map(([, row]) => row));
  }

  for (const button of document.querySelectorAll(".sortable thead button")) {
    const heading = button.closest("th");
    button.addEventListener("click", () => {
      sort(heading, heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
  }

  for (const button of document.querySelectorAll("[data-sort]")) {
    const heading = document.getElementById(button.dataset.column);
    button.addEventListener("click", () => {
      sort(heading, button.dataset.sort);
      heading.closest(".scroll").scrollTop = 0;
    });
  }
})();
