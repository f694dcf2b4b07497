/** A hidden page paints nothing, and still keeps up. */
const HIDDEN_MS = 250;

/** Calls back once, before the page is painted next. @returns cancels it */
export function beforeNextPaint(callback: () => void): () => void {
  const cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const run = () => {
    cancel();
    callback();
  };
  const frame = requestAnimationFrame(run);
  const timer = setTimeout(run, HIDDEN_MS);
  return cancel;
}
