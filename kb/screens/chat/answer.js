// Draws an answer. All text comes from documents and models: it is set as text, never as HTML.

export default function (component) {
  const { parentElement: root, data, setTriggerValue } = component;
  const one = (selector) => root.querySelector(selector);
  one(".answer").classList.toggle("writing", data.writing);
  one(".tools").hidden = data.writing || !data.copy;
  fill(one(".text"), data, (number) => setTriggerValue("cite", number));
  one(".copy").onclick = () => copy(one, data.copy);

  const onKey = (event) => {
    if (event.key === "Escape") setTriggerValue("stop", true);
  };
  if (data.writing) document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function fill(text, data, cite) {
  const focused = text.getRootNode().activeElement?.dataset?.place;
  const chips = [];
  const nodes = data.pieces.flatMap(({ text, verdict, numbers }) => [
    sentence(text, verdict),
    ...numbers.map((number) => {
      const made = chip(number, data, () => cite(number));
      made.dataset.place = chips.push(made) - 1;
      return made;
    }),
  ]);
  text.replaceChildren(...nodes);
  // Drawn anew while it is written: whoever walks the citations by keyboard stays where they are.
  if (focused !== undefined) chips[focused]?.focus();
  text.onkeydown = (event) => walk(event, chips);
}

function sentence(words, verdict) {
  const made = document.createElement("span");
  made.textContent = words;
  if (verdict) made.className = verdict;
  if (verdict === "UNCITED") made.title = "No source is cited for this.";
  if (verdict === "NOT_FOUND") made.title = "What this cites was not found where it should stand.";
  return made;
}

function chip(number, data, onClick) {
  const { label, found } = data.sources[number] ?? {};
  const made = document.createElement("button");
  made.type = "button";
  made.className = "chip";
  made.classList.toggle("chosen", number === data.chosen);
  made.classList.toggle("missing", found === false);
  made.textContent = found === false ? `${number} not found` : number;
  made.title = label ?? "";
  made.setAttribute("aria-label", `Citation ${number}: ${label ?? ""}`);
  made.onclick = onClick;
  return made;
}

// Arrows walk from one citation to the next and show each.
function walk(event, chips) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = chips[chips.indexOf(event.target) + step];
  if (!step || !next || !chips.includes(event.target)) return;
  event.preventDefault();
  next.focus();
  next.click();
}

async function copy(one, text) {
  const words = one(".copy span");
  try {
    await navigator.clipboard.writeText(text);
    words.textContent = "Copied";
  } catch {
    words.textContent = "The browser does not allow copying here";
  }
  setTimeout(() => (words.textContent = "Copy"), 2000);
}
