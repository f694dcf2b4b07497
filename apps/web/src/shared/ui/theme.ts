import { createStore, useStore } from '../lib/store.js';
import { stored } from '../lib/stored.js';

export const THEME_CHOICES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEME_CHOICES)[number];

/** public/boot.js reads this key before the first paint. */
const KEY = 'theme';
const system = matchMedia('(prefers-color-scheme: dark)');

const readChoice = (): ThemeChoice => {
  const value = stored.read(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
};
const resolve = (choice: ThemeChoice): 'light' | 'dark' =>
  choice === 'system' ? (system.matches ? 'dark' : 'light') : choice;

const choice = createStore(readChoice());
const shown = createStore(resolve(choice.read()));

function apply(next: ThemeChoice): void {
  choice.write(next);
  shown.write(resolve(next));
  document.documentElement.dataset['theme'] = shown.read();
}

system.addEventListener('change', () => apply(choice.read()));
addEventListener('storage', (event) => {
  if (event.key === KEY) apply(readChoice());
});

export function setTheme(next: ThemeChoice): void {
  stored.write(KEY, next === 'system' ? null : next);
  apply(next);
}

export const useThemeChoice = (): ThemeChoice => useStore(choice);
/** The theme in use, for parts that draw their own colours, such as highlighted code. */
export const useTheme = (): 'light' | 'dark' => useStore(shown);
