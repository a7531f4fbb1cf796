// Scrolls a pane to something in it, once for each `what`: whoever scrolls away then stays there.

const seen = new Map();

export default function ({ data }) {
  if (data.what === seen.get(data.pane)) return;
  const started = performance.now();
  let stopped = false;

  function look() {
    if (stopped) return;
    const pane = document.querySelector(data.pane);
    const target = document.querySelector(data.target);
    const isReady = target && (target.tagName !== "IMG" || (target.complete && target.naturalHeight));
    if (pane && isReady) {
      seen.set(data.pane, data.what);
      const box = target.getBoundingClientRect();
      const top = box.top - pane.getBoundingClientRect().top + pane.scrollTop;
      const place = top + data.share * box.height;
      pane.scrollTo({ top: Math.max(0, place - pane.clientHeight * data.above) });
    } else if (performance.now() - started < 5000) {
      requestAnimationFrame(look);
    }
  }

  // What stood there before is replaced within a frame or two.
  setTimeout(look, 150);
  return () => {
    stopped = true;
  };
}
