"use strict";

document.documentElement.classList.add("with-script"); // what needs one is shown

// Class names by index, and those that fit what a reader has typed: the very name, then beginnings, then parts.
const classNames = [...document.querySelectorAll("#class-names option")].map((option) => option.value);

function plain(text) {
  return text.trim().toLocaleLowerCase("en").replaceAll("_", " ");
}

function matchingClasses(query) {
  const wanted = plain(query);
  const names = classNames.map(plain);
  const fits = (test) => [...names.keys()].filter((index) => test(names[index]));
  if (!wanted) return [];
  return [...new Set([
    ...fits((name) => name === wanted),
    ...fits((name) => name.startsWith(wanted)),
    ...fits((name) => name.includes(wanted)),
  ])];
}

function isolated(text) {
  const element = document.createElement("bdi");
  element.textContent = text;
  return element;
}
