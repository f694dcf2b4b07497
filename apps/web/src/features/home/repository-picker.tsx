import { Command } from 'cmdk';
import { FolderGit2, Link2, PackageOpen } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { repoName } from '../../shared/lib/repo-name.js';
import { ChipField } from './chip-field.js';

interface RepositoryPickerProps {
  /** The address; empty for an empty repository. */
  value: string;
  onChange: (address: string) => void;
  suggestions: string[];
  invalid: boolean;
  /** Called after a choice, once the panel has closed. */
  onChosen: () => void;
}

const ICON = {
  className: 'size-4 shrink-0 text-muted-foreground',
  strokeWidth: 1.75,
  'aria-hidden': true,
} as const;

/** A typed or pasted address, a recent one, or an empty repository. */
export function RepositoryPicker({ value, onChange, suggestions, invalid, onChosen }: RepositoryPickerProps) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const chosen = useRef(false);

  const show = (next: boolean) => {
    chosen.current = false;
    setTyped(next ? value : '');
    setOpen(next);
  };
  const choose = (address: string) => {
    chosen.current = true;
    onChange(address.trim());
    setOpen(false);
  };
  const onCloseAutoFocus = (event: Event) => {
    if (!chosen.current) return;
    event.preventDefault();
    onChosen();
  };
  const search = typed === value ? '' : typed.trim().toLowerCase();
  const matching = suggestions.filter((address) => address.toLowerCase().includes(search));
  const isNew = typed.trim() !== '' && !suggestions.includes(typed.trim());

  return (
    <ChipField
      name="Repository"
      icon={value ? FolderGit2 : PackageOpen}
      text={repoName(value) ?? (value || 'Empty repository')}
      muted={!value}
      invalid={invalid}
      open={open}
      onOpenChange={show}
      onCloseAutoFocus={onCloseAutoFocus}
    >
      <Command shouldFilter={false} label="Repository address">
        <Command.Input
          autoFocus
          placeholder="https://github.com/owner/name"
          value={typed}
          onValueChange={setTyped}
          onFocus={(event) => event.target.select()}
          spellCheck={false}
          autoCapitalize="off"
          className="h-11 w-full border-b bg-transparent px-3.5 text-sm outline-none"
        />
        <Command.List className="max-h-72 overflow-y-auto p-1">
          {isNew && (
            <Choice value="typed" icon={<Link2 {...ICON} />} onSelect={() => choose(typed)}>
              <span className="truncate">
                Use <span className="font-medium">{typed.trim()}</span>
              </span>
            </Choice>
          )}
          {matching.map((address) => (
            <Choice
              key={address}
              value={address}
              icon={<FolderGit2 {...ICON} />}
              onSelect={() => choose(address)}
            >
              <span className="truncate">{repoName(address) ?? address}</span>
              <span className="ml-auto max-w-32 shrink-0 truncate text-xs text-subtle-foreground">
                {hostOf(address)}
              </span>
            </Choice>
          ))}
          <Choice value="empty" icon={<PackageOpen {...ICON} />} onSelect={() => choose('')}>
            Start with an empty repository
          </Choice>
        </Command.List>
        <p className="border-t px-3.5 py-2 text-xs text-muted-foreground">
          An https or ssh address that this server can reach.
        </p>
      </Command>
    </ChipField>
  );
}

const hostOf = (address: string): string =>
  /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^/:]+)/i.exec(address)?.[1] ?? '';

interface ChoiceProps {
  value: string;
  icon: ReactNode;
  onSelect: () => void;
  children: ReactNode;
}

const Choice = ({ icon, children, ...props }: ChoiceProps) => (
  <Command.Item
    {...props}
    className="flex h-8.5 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 text-sm data-[selected=true]:bg-hover"
  >
    {icon}
    {children}
  </Command.Item>
);
