// Tables: a click on a heading sorts by its column, a second click the other way round; a field leaves only some rows.
(() => {
  const collator = new Intl.Collator("en", { numeric: true });

  function sort(heading, direction) {
    const body = heading.closest("table").tBodies[0];
    const sign = direction === "ascending" ? 1 : -1;
    const place = heading.cellIndex;
    const value = (row) => row.cells[place].dataset.value ?? row.cells[place].textContent;
    const isNumber = heading.classList.contains("number");
    const rows = [...body.rows].map((row) => [isNumber ? Number(value(row)) : value(row), row]);
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

  const filter = document.getElementById("class-filter");
  filter.addEventListener("input", () => {
    const fitting = new Set(matchingClasses(filter.value));
    const all = !filter.value.trim();
    for (const row of document.querySelectorAll("#class-table tbody tr")) {
      row.hidden = !all && !fitting.has(Number(row.dataset.class));
    }
    document.getElementById("class-filter-count").textContent = all ? "" : `${fitting.size} of ${classNames.length}`;
  });
})();
