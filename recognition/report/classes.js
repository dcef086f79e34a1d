// Typing into the field above the table of classes leaves those whose names fit.
(() => {
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
