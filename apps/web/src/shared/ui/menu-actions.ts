import type { LucideIcon } from 'lucide-react';

/** One entry. The same entries are shown by a button's menu and by a right click. */
export interface MenuAction {
  label: string;
  icon?: LucideIcon;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

/** `null` draws a line between groups. */
export type MenuActions = (MenuAction | null)[];

/** Where a menu was opened. */
export interface OpenedMenu {
  /** It gets the focus back. */
  readonly trigger: HTMLElement;
  /** What the menu is placed at, in pixels of the window. */
  readonly place: Pick<DOMRect, 'left' | 'top' | 'width' | 'height'>;
  /** The first entry gets the focus. */
  readonly byKeyboard: boolean;
}
