// Runs before everything else; a file, since the gateway's CSP allows no inline script.

// The theme, so that the page never flashes in the other one. src/shared/ui/theme.ts changes it later.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem('theme');
  } catch {
    // Storage is blocked: the system's theme is used.
  }
  const dark =
    choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();

// zod's settings, which its schemas read as soon as they are declared: it would try to compile them, which the CSP
// forbids and reports.
globalThis.__zod_globalConfig = { jitless: true };
