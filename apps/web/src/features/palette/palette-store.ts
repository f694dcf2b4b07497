import { createStore } from '../../shared/lib/store.js';

/** Whether the command palette is open. */
export const paletteOpen = createStore(false);
export const openPalette = (): void => paletteOpen.write(true);
