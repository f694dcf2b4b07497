import { Monitor, Moon, Sun } from 'lucide-react';
import { Segmented } from '../../shared/ui/segmented.js';
import { setTheme, THEME_CHOICES, type ThemeChoice, useThemeChoice } from '../../shared/ui/theme.js';

const LOOKS: Record<ThemeChoice, { icon: typeof Sun; name: string }> = {
  system: { icon: Monitor, name: 'System' },
  light: { icon: Sun, name: 'Light' },
  dark: { icon: Moon, name: 'Dark' },
};

const OPTIONS = THEME_CHOICES.map((value) => ({ value, ...LOOKS[value] }));

export const ThemeSwitch = () => (
  <Segmented label="Theme" value={useThemeChoice()} onChange={setTheme} options={OPTIONS} />
);
