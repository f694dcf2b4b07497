import { focusContent } from '../shared/lib/focus-content.js';

/** The first stop of the Tab key: past the sidebar, to what the page is for. */
export const SkipLink = () => (
  <button
    type="button"
    onClick={focusContent}
    className="sr-only rounded-lg border bg-popover px-3 py-1.5 text-sm shadow-popover focus:not-sr-only focus:fixed focus:top-2.5 focus:left-2.5 focus:z-50"
  >
    Skip to content
  </button>
);
