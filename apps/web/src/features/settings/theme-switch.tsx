import { Monitor, Moon, Sun } from 'lucide-react';
import { ToggleGroup } from 'radix-ui';
import { setTheme, THEME_CHOICES, type ThemeChoice, useThemeChoice } from '../../shared/ui/theme.js';

const LOOKS: Record<ThemeChoice, { icon: typeof Sun; label: string }> = {
  system: { icon: Monitor, label: 'System' },
  light: { icon: Sun, label: 'Light' },
  dark: { icon: Moon, label: 'Dark' },
};

export function ThemeSwitch() {
  const choice = useThemeChoice();
  return (
    <ToggleGroup.Root
      type="single"
      aria-label="Theme"
      value={choice}
      onValueChange={(value) => value && setTheme(value as ThemeChoice)}
      className="flex gap-0.5 rounded-lg bg-muted p-0.5"
    >
      {THEME_CHOICES.map((option) => {
        const { icon: Icon, label } = LOOKS[option];
        return (
          <ToggleGroup.Item
            key={option}
            value={option}
            className="flex h-7 items-center gap-1.5 rounded-md px-2.5 text-xs font-medium text-muted-foreground data-[state=on]:bg-background data-[state=on]:text-foreground data-[state=on]:shadow-xs"
          >
            <Icon aria-hidden className="size-3.5" />
            {label}
          </ToggleGroup.Item>
        );
      })}
    </ToggleGroup.Root>
  );
}
