import { useId } from 'react';

interface CheckFieldProps {
  name: string;
  /** What it means. */
  note: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckField({ name, note, checked, onChange }: CheckFieldProps) {
  const id = useId();
  return (
    <label className="flex items-start gap-2.5 px-2.5 py-2">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        aria-labelledby={`${id}-name`}
        aria-describedby={`${id}-note`}
        className="mt-0.5 size-4 shrink-0 accent-accent"
      />
      <span>
        <span id={`${id}-name`} className="block text-sm font-medium">
          {name}
        </span>
        <span id={`${id}-note`} className="block text-xs text-muted-foreground">
          {note}
        </span>
      </span>
    </label>
  );
}
