// Typing into the search field leaves the classes whose names contain what was typed.
const search = document.getElementById("class-search");
search.closest("p").hidden = false;
search.addEventListener("input", () => {
  const wanted = search.value.trim().toLocaleLowerCase();
  let shown = 0;
  for (const row of document.querySelectorAll("#class-table tbody tr")) {
    row.hidden = !row.cells[0].textContent.toLocaleLowerCase().includes(wanted);
    shown += !row.hidden;
  }
  document.getElementById("class-found").textContent = wanted ? `${shown} found` : "";
});
