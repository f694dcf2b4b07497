// A plain script, not a module: a browser loads no modules from a file on disk.

/** Whole seconds until `end`, never less than 0. Times are in milliseconds. */
function secondsLeft(end, now) {
  return Math.max(0, Math.ceil((end - now) / 1000));
}

/** `3725` becomes `01:02:05`. */
function formatTime(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

globalThis.countdown = { secondsLeft, formatTime };
