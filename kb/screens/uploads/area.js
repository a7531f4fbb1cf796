// Draws the queue. Names come from the user's disk: they are set as text, never as HTML. Only what
// is under way or has failed is listed, so thousands of files are no more work than ten.

const SHOWN_FAILURES = 100;

export default function (component) {
  const { parentElement: root, data, setTriggerValue } = component;
  const one = (selector) => root.querySelector(selector);
  const add = (found) => queue.add(found);

  queue.door = { address: data.address, headers: data.headers };
  one(".formats").textContent = data.formats;
  for (const kind of ["files", "folder"]) {
    const input = one(`input.${kind}`);
    one(`button.${kind}`).onclick = () => input.click();
    input.onchange = () => add(fromInput(input));
  }
  one("input.files").accept = data.offered;
  one(".cancel").onclick = () => queue.cancel();
  takeDrops(one(".drop"), add);

  queue.changed = soon(() => draw(one));
  queue.finished = () => setTriggerValue("finished", { stored: queue.stored });
  window.onbeforeunload = (event) => {
    // Any value that is returned would ask, also false.
    if (queue.running) event.preventDefault();
  };
  draw(one);

  return () => {
    queue.changed = queue.finished = () => {};
  };
}

function takeDrops(area, add) {
  let depth = 0;
  const over = (change) => {
    depth = change === 0 ? 0 : depth + change;
    area.classList.toggle("over", depth > 0);
  };
  area.ondragenter = (event) => (event.preventDefault(), over(1));
  area.ondragover = (event) => event.preventDefault();
  area.ondragleave = () => over(-1);
  area.ondrop = async (event) => {
    event.preventDefault();
    over(0);
    add(await fromDrop(event.dataTransfer));
  };
}

// Many calls, one drawing for each frame of the screen.
function soon(action) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      action();
    });
  };
}

function draw(one) {
  const { running, bytes, failed, active } = queue;
  one(".running").hidden = !running;
  one(".summary").textContent = running ? summary() : "";
  one(".outcome").textContent = running ? "" : outcome();
  share(one("progress.all"), bytes.sent, bytes.total);
  fill(one(".active"), running ? [...active] : [], activeRow, updateActive);
  fill(one(".failed"), failed.slice(0, SHOWN_FAILURES), failedRow);
  const more = failed.length - SHOWN_FAILURES;
  one(".more").textContent = more > 0 ? `and ${count(more, "more file")} that failed` : "";
}

// Rows are kept while their item is shown, so that nothing flickers or loses the reader's place.
function fill(list, items, make, update = () => {}) {
  const rows = new Map([...list.children].map((row) => [row.item, row]));
  const wanted = items.map((item) => rows.get(item) ?? Object.assign(make(item), { item }));
  const kept = new Set(wanted);
  for (const row of rows.values()) if (!kept.has(row)) row.remove();
  wanted.forEach((row, place) => {
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    update(row, row.item);
  });
}

function activeRow(item) {
  const row = element("li");
  const bar = element("progress");
  bar.setAttribute("aria-label", item.key);
  row.append(element("span", "name", item.key), bar, element("span", "facts small"));
  return row;
}

function updateActive(row, item) {
  const { sent, began, file } = item;
  share(row.querySelector("progress"), sent, file.size);
  const rate = sent / Math.max(0.1, now() - began);
  const whole = sent >= file.size;
  row.querySelector(".facts").textContent = whole
    ? `${size(file.size)} · storing`
    : `${size(sent)} of ${size(file.size)} · ${size(rate)}/s`;
}

function failedRow({ key, sentence }) {
  const row = element("li");
  row.append(element("span", "name", key), element("span", "sentence", sentence));
  return row;
}

function summary() {
  const { stored, failed, total, bytes, rate } = queue;
  const left = rate > 0 ? (bytes.total - bytes.sent) / rate : 0;
  return [
    `${number(stored + failed.length)} of ${count(total, "file")}`,
    `${size(bytes.sent)} of ${size(bytes.total)}`,
    rate > 0 ? `${size(rate)}/s` : "",
    left > 2 ? `about ${duration(left)} left` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

function outcome() {
  const { stored, failed, hidden, cancelled } = queue;
  const parts = [
    stored ? `${count(stored, "file")} stored` : "",
    failed.length ? `${count(failed.length, "file")} not stored, for the reasons below` : "",
    cancelled ? `cancelled before ${count(cancelled, "other file")} arrived` : "",
    hidden ? `${count(hidden, "hidden file")} left out` : "",
  ];
  return parts.filter(Boolean).join(" · ") || (queue.asked ? "No files found there" : "");
}

function share(bar, value, maximum) {
  bar.max = Math.max(1, maximum);
  bar.value = value;
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function number(value) {
  return value.toLocaleString("en");
}

function count(value, noun) {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function size(bytes) {
  for (const [unit, step] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= step) return `${(bytes / step).toFixed(1)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

function duration(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
