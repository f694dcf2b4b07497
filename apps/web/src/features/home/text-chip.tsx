import type { LucideIcon } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { TextField } from '../../shared/ui/text-field.js';
import { ChipField } from './chip-field.js';

interface TextChipProps {
  name: string;
  icon: LucideIcon;
  value: string;
  onChange: (value: string) => void;
  /** Shown while nothing is chosen. */
  fallback: string;
  hint: string;
  placeholder: string;
  invalid: boolean;
}

/** A choice that is typed; empty means the default. */
export function TextChip({
  name,
  icon,
  value,
  onChange,
  fallback,
  hint,
  placeholder,
  invalid,
}: TextChipProps) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');

  const show = (next: boolean) => {
    setTyped(value);
    setOpen(next);
  };
  const choose = (choice: string) => {
    onChange(choice.trim());
    setOpen(false);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // The panel lies, for React, inside the composer's form.
    event.stopPropagation();
    choose(typed);
  };

  return (
    <ChipField
      name={name}
      icon={icon}
      text={value || fallback}
      muted={!value}
      invalid={invalid}
      open={open}
      onOpenChange={show}
    >
      <form onSubmit={submit} className="p-3.5">
        <TextField
          label={name}
          hint={hint}
          placeholder={placeholder}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onFocus={(event) => event.target.select()}
          spellCheck={false}
          autoCapitalize="off"
          autoFocus
        />
        <div className="mt-3 flex justify-end gap-2">
          {value && (
            <Button size="sm" variant="ghost" onClick={() => choose('')}>
              Use the default
            </Button>
          )}
          <Button size="sm" variant="primary" type="submit">
            Done
          </Button>
        </div>
      </form>
    </ChipField>
  );
}
