import { useRef } from 'react';
import { focusContent } from '../lib/focus-content.js';

/**
 * When a dialog closes, returns the focus to where it was when the dialog opened, unless something else has taken it.
 * Radix does this only for dialogs with a trigger of their own; ours open from menus, shortcuts and stores.
 */
export function useReturnFocus() {
  // At the first render nothing in the dialog has the focus yet. Later openings are known from their event.
  const opener = useRef(document.activeElement);
  return {
    onOpenAutoFocus: ({ currentTarget: dialog }: Event) => {
      const focused = document.activeElement;
      if (!(dialog instanceof Node && dialog.contains(focused))) opener.current = focused;
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      if (document.activeElement !== document.body) return;
      // The action in the dialog may have removed the element that opened it.
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
      else focusContent();
    },
  };
}
