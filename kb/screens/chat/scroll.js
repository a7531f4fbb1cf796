// Scrolls a pane to a place of the page image in it, once for each source.

let seen = null;

export default function ({ data }) {
  if (data.what === seen) return;
  const started = performance.now();

  function look() {
    const pane = document.querySelector(data.pane);
    const image = document.querySelector(data.image);
    if (pane && image?.complete && image.naturalHeight) {
      seen = data.what;
      const box = image.getBoundingClientRect();
      const top = box.top - pane.getBoundingClientRect().top + pane.scrollTop;
      const mark = top + data.share * box.height;
      // No further than needed: what stands above the page stays in sight when it can.
      pane.scrollTo({ top: Math.max(0, mark - pane.clientHeight * 0.6) });
    } else if (performance.now() - started < 5000) {
      requestAnimationFrame(look);
    }
  }

  // What stood there before is replaced within a frame or two.
  setTimeout(look, 150);
}
