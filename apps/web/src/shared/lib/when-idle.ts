/** At the latest after this time. */
const TIMEOUT_MS = 1_000;

/** Calls back once, when the page has nothing more urgent to do. @returns cancels it */
export function whenIdle(callback: () => void): () => void {
  // Safari has no idle callbacks.
  if (typeof requestIdleCallback === 'undefined') {
    const timer = setTimeout(callback, TIMEOUT_MS / 5);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(callback, { timeout: TIMEOUT_MS });
  return () => cancelIdleCallback(handle);
}
