import { useSyncExternalStore } from 'react';
import { stored } from '../lib/stored.js';

export const THEME_CHOICES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEME_CHOICES)[number];

/** The choice is stored under the key that public/theme.js reads before the first paint. */
const KEY = 'theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

const readChoice = (): ThemeChoice => {
  const value = stored.read(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
};

const apply = (): void => {
  const choice = readChoice();
  document.documentElement.dataset['theme'] =
    choice === 'system' ? (system.matches ? 'dark' : 'light') : choice;
  listeners.forEach((listener) => listener());
};

system.addEventListener('change', apply);
addEventListener('storage', (event) => event.key === KEY && apply());

export function setTheme(choice: ThemeChoice): void {
  stored.write(KEY, choice === 'system' ? null : choice);
  apply();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useThemeChoice = (): ThemeChoice => useSyncExternalStore(subscribe, readChoice);
/** The theme that is shown: for parts that draw their own colours, like highlighted code. */
export const useTheme = (): 'light' | 'dark' =>
  useSyncExternalStore(subscribe, () =>
    document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light',
  );
