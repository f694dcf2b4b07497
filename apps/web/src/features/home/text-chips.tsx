import { useQuery } from '@tanstack/react-query';
import { Cpu, GitBranch, type LucideIcon } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { systemQuery } from '../../shared/api/get-system.js';
import { Button } from '../../shared/ui/button.js';
import { TextField } from '../../shared/ui/text-field.js';
import { ChipField } from './chip-field.js';

interface ChipProps {
  value: string;
  onChange: (value: string) => void;
  invalid: boolean;
}

interface TextChipProps extends ChipProps {
  name: string;
  icon: LucideIcon;
  /** Shown while the value is empty. */
  fallback: string;
  hint: string;
  placeholder: string;
}

/** A chip for a line of text. Empty means the default. */
function TextChip({ name, icon, value, onChange, fallback, hint, placeholder, invalid }: TextChipProps) {
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
    // In React's tree the panel is inside the composer's form, which must not be submitted too.
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

export const RefChip = (props: ChipProps) => (
  <TextChip
    {...props}
    name="Branch, tag or commit"
    icon={GitBranch}
    fallback="Default branch"
    placeholder="main"
    hint="Leave it empty for the repository's default branch."
  />
);

/** Not shown with the demo model, which offers no choice. */
export function ModelChip(props: ChipProps) {
  const { data: system } = useQuery(systemQuery);
  if (!system || system.model_source === 'demo') return null;
  return (
    <TextChip
      {...props}
      name="Model"
      icon={Cpu}
      fallback={system.default_model ?? 'Default model'}
      placeholder={system.default_model ?? 'gpt-5-codex'}
      hint="Leave it empty for the default: your operator's choice, or else Codex's own."
    />
  );
}
