import type { LucideIcon } from 'lucide-react';
import { ToggleGroup } from 'radix-ui';
import { cx } from '../lib/cx.js';

interface SegmentedProps<T extends string> {
  label: string;
  /** null: nothing is chosen. */
  value: T | null;
  onChange: (value: T) => void;
  options: readonly { value: T; name: string; icon?: LucideIcon; disabled?: boolean }[];
  className?: string;
}

/** A choice between a few options, side by side. */
export const Segmented = <T extends string>({
  label,
  value,
  onChange,
  options,
  className,
}: SegmentedProps<T>) => (
  <ToggleGroup.Root
    type="single"
    aria-label={label}
    value={value ?? ''}
    onValueChange={(next) => {
      const chosen = options.find((option) => option.value === next);
      if (chosen) onChange(chosen.value);
    }}
    className={cx('flex gap-0.5 rounded-lg bg-muted p-0.5', className)}
  >
    {options.map(({ value: option, name, icon: Icon, disabled }) => (
      <ToggleGroup.Item
        key={option}
        value={option}
        disabled={disabled}
        className="flex h-7 items-center pointer-coarse:h-11 justify-center gap-1.5 rounded-md px-2.5 text-xs font-medium whitespace-nowrap text-muted-foreground hover:text-foreground disabled:pointer-events-none disabled:opacity-45 data-[state=on]:bg-background data-[state=on]:text-foreground data-[state=on]:shadow-xs"
      >
        {Icon && <Icon aria-hidden className="size-3.5" />}
        {name}
      </ToggleGroup.Item>
    ))}
  </ToggleGroup.Root>
);
