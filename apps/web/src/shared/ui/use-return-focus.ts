import { useRef } from 'react';
import { focusContent } from '../lib/focus-content.js';

/**
 * Gives the focus back, when a dialog closes, to where it was when the dialog opened, unless something else took it.
 * Radix does so only for dialogs that have a trigger of their own; ours open from menus, shortcuts and stores.
 */
export function useReturnFocus() {
  // At the first render nothing in the dialog has the focus yet; later openings tell by their event.
  const opener = useRef(document.activeElement);
  return {
    onOpenAutoFocus: ({ currentTarget: dialog }: Event) => {
      const focused = document.activeElement;
      if (!(dialog instanceof Node && dialog.contains(focused))) opener.current = focused;
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      if (document.activeElement !== document.body) return;
      // What was done in the dialog may have taken away what had opened it.
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
      else focusContent();
    },
  };
}
