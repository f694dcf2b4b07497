import { useRef } from 'react';

/** Focuses the main part of the page: its composer, or else its first button or link. */
export function focusContent(): void {
  // On a touch screen the keyboard would cover the page.
  const field = matchMedia('(pointer: fine)').matches ? document.querySelector('main textarea') : null;
  const target = field ?? document.querySelector('main button, main a');
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

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
