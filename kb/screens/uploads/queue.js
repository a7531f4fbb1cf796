// The uploads of this browser tab. They live in the module, not in the page's element: they go on
// while another page of the app is open.

const AT_ONCE = 3;
const CHECK_AT_ONCE = 200;
const RATE_SECONDS = 3;
const LOST = "The connection was lost, or the file changed on the way; upload it again.";
const UNREADABLE = "The browser can not read this file; check its permissions.";
const NO_ROUTE = "The server does not take uploads here; start the app with python -m kb serve.";

class Queue {
  constructor() {
    this.changed = () => {};
    this.finished = () => {};
    // Address and headers; the page gives new ones when the server has been started anew.
    this.door = null;
    this.reset();
  }

  reset() {
    this.run = Symbol("what one Cancel ends");
    this.waiting = [];
    this.active = new Set();
    this.failed = [];
    this.stored = 0;
    this.total = 0;
    this.hidden = 0;
    this.bytes = { sent: 0, total: 0 };
    this.samples = [];
    this.cancelled = 0;
    this.asked = false;
    this.checking = 0;
  }

  get running() {
    return this.checking + this.waiting.length + this.active.size > 0;
  }

  // Bytes a second over the last moments.
  get rate() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    return first && last.at > first.at ? (last.sent - first.sent) / (last.at - first.at) : 0;
  }

  async add({ files, hidden }) {
    if (!this.running) this.reset();
    this.asked = true;
    this.hidden += hidden;
    this.total += files.length;
    this.checking += 1;
    const run = this.run;
    this.changed();
    for (let start = 0; start < files.length; start += CHECK_AT_ONCE) {
      const batch = files.slice(start, start + CHECK_AT_ONCE);
      const refusals = await this.check(batch);
      if (run !== this.run) return;
      batch.forEach((item, place) => this.sort(item, refusals[place]));
      this.start();
    }
    this.checking -= 1;
    this.settle();
  }

  // The server's sentence on each name and size, before anything is sent.
  async check(batch) {
    const body = JSON.stringify(batch.map(({ key, file }) => [wellFormed(key), file?.size ?? 0]));
    const headers = { ...this.door.headers, "Content-Type": "application/json" };
    try {
      const response = await fetch(`${this.door.address}/check`, { method: "POST", headers, body });
      const answer = await response.json().catch(() => ({}));
      if (response.ok) return answer;
      return batch.map(() => answer.message ?? NO_ROUTE);
    } catch {
      return batch.map(() => LOST);
    }
  }

  sort(item, refusal) {
    const sentence = refusal ?? (item.file ? null : UNREADABLE);
    if (sentence) {
      this.failed.push({ key: item.key, sentence });
    } else {
      this.waiting.push({ ...item, sent: 0, began: 0 });
      this.bytes.total += item.file.size;
    }
  }

  start() {
    while (this.active.size < AT_ONCE && this.waiting.length > 0) {
      const item = this.waiting.shift();
      this.active.add(item);
      this.send(item);
    }
    this.changed();
  }

  send(item) {
    const request = new XMLHttpRequest();
    item.request = request;
    item.began = now();
    const key = new URLSearchParams({ key: wellFormed(item.key) });
    request.open("PUT", `${this.door.address}/document?${key}`);
    for (const [name, value] of Object.entries(this.door.headers)) {
      request.setRequestHeader(name, value);
    }
    request.responseType = "json";
    request.upload.onprogress = (event) => this.progress(item, event.loaded);
    request.onload = () =>
      this.end(item, request.status === 201 ? null : (request.response?.message ?? NO_ROUTE));
    request.onerror = () => this.end(item, LOST);
    request.send(item.file);
  }

  progress(item, sent) {
    this.bytes.sent += sent - item.sent;
    item.sent = sent;
    const at = now();
    this.samples.push({ at, sent: this.bytes.sent });
    while (at - this.samples[0].at > RATE_SECONDS) this.samples.shift();
    this.changed();
  }

  end(item, sentence) {
    this.active.delete(item);
    this.progress(item, item.file.size);
    if (sentence) this.failed.push({ key: item.key, sentence });
    else this.stored += 1;
    this.start();
    this.settle();
  }

  cancel() {
    const { stored, failed, hidden } = this;
    const cancelled = this.total - stored - failed.length;
    const requests = [...this.active].map((item) => item.request);
    this.reset();
    Object.assign(this, { stored, failed, hidden, cancelled, asked: true });
    // An aborted request calls neither onload nor onerror.
    requests.forEach((request) => request.abort());
    this.settle();
  }

  settle() {
    this.changed();
    if (!this.running) this.finished();
  }
}

function now() {
  return performance.now() / 1000;
}

// Half a surrogate pair, which file names may hold, fits into no address.
function wellFormed(text) {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

const queue = new Queue();
