// The search marks a class in the matrix and tells what it is taken for, and what is taken for it.
(() => {
  const MOST = 5;
  const field = document.getElementById("search");
  const findings = document.getElementById("findings");
  const [matrix] = matrices;
  const { names, size, counts, totals } = matrix;

  // The most frequent of [class, count], as text.
  function listed(confusions) {
    const sorted = confusions.filter(([, count]) => count).sort((a, b) => b[1] - a[1]);
    const shown = sorted.slice(0, MOST).flatMap(([name, count], place) => [place ? ", " : " ", isolated(name), ` (${count})`]);
    const more = sorted.length > MOST ? [`, ${sorted.length - MOST} more`] : [];
    return sorted.length ? [...shown, ...more] : [" nothing"];
  }

  function line(head, parts) {
    const element = document.createElement("p");
    element.append(head, ...parts);
    return element;
  }

  function tell(place, others) {
    const count = (row, column) => counts.get(row * size + column) ?? 0;
    const wrong = [...names.keys()].filter((other) => other !== place);
    const also = others.slice(0, MOST).flatMap((index, number) => [number ? ", " : " ", isolated(classNames[index])]);
    findings.replaceChildren(
      line("", [isolated(names[place]), `: ${count(place, place)} of ${totals[place]} right`]),
      line("Taken for", listed(wrong.map((other) => [names[other], count(place, other)]))),
      line("Predicted instead of", listed(wrong.map((other) => [names[other], count(other, place)]))),
      ...(others.length ? [line("Also fitting:", [...also, others.length > MOST ? " …" : ""])] : []),
    );
  }

  field.addEventListener("input", () => {
    const [found, ...others] = matchingClasses(field.value);
    const place = found === undefined ? null : names.indexOf(classNames[found]);
    mark(matrix, "found", place, place);
    if (place === null) findings.replaceChildren(field.value.trim() ? "No class has such a name." : "");
    else tell(place, plain(field.value) === plain(names[place]) ? [] : others);
  });
})();
