import { createStore, useStore } from '../lib/store.js';
import { stored } from '../lib/stored.js';
import { isPhone, useIsPhone } from '../lib/use-media-query.js';

/** The column remembers that it was closed. The drawer on a phone always starts closed. */
const KEY = 'sidebar';
const column = createStore(stored.read(KEY) !== 'closed');
const drawer = createStore(false);

export const sidebar = {
  toggle(): void {
    if (isPhone()) return drawer.write(!drawer.read());
    column.write(!column.read());
    stored.write(KEY, column.read() ? null : 'closed');
  },
  closeDrawer: (): void => drawer.write(false),
};

export function useSidebarShown(): boolean {
  const phone = useIsPhone();
  const columnShown = useStore(column);
  const drawerShown = useStore(drawer);
  return phone ? drawerShown : columnShown;
}
