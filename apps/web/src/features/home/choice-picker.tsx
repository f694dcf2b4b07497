import { Command } from 'cmdk';
import { Check, CornerDownLeft, type LucideIcon } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { ChipField } from './chip-field.js';

interface ChoicePickerProps {
  /** What is chosen: "Repository". */
  name: string;
  icon: LucideIcon;
  /** The chosen value as the chip shows it. */
  text: string;
  value: string;
  onChange: (value: string) => void;
  /** Called after a choice, once the panel has closed. */
  onChosen: () => void;
  suggestions: readonly Suggestion[];
  /** What was searched for the typed text, below the suggestions. */
  found?: readonly Suggestion[];
  /** Told of what is typed while the panel is open; null: it is closed. */
  onTyped?: (typed: string | null) => void;
  /** Of the search, such as a forge that does not answer. */
  note?: ReactNode;
  /** The choice that stands for an empty value. */
  fallback: { text: string; icon: LucideIcon };
  placeholder: string;
  hint: string;
  invalid: boolean;
  /** What a typed text becomes. */
  complete?: (typed: string) => string;
}

export interface Suggestion {
  value: string;
  /** Default: the value. */
  text?: string;
  /** At the right, such as a host. */
  note?: string;
}

/** A chip for a value that can be typed or pasted, found among suggestions, or left to its default. */
export function ChoicePicker(props: ChoicePickerProps) {
  const { value, onChange, onChosen, onTyped, fallback, complete = (typed) => typed } = props;
  const { suggestions, found = [] } = props;
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const chosen = useRef(false);

  const type = (text: string) => {
    setTyped(text);
    // The value itself, which the field begins with, is no search.
    onTyped?.(text === value ? '' : text.trim());
  };
  const close = () => {
    setOpen(false);
    onTyped?.(null);
  };
  const show = (next: boolean) => {
    chosen.current = false;
    if (!next) return close();
    type(value);
    setOpen(true);
  };
  const choose = (choice: string) => {
    chosen.current = true;
    onChange(choice);
    close();
  };
  const onCloseAutoFocus = (event: Event) => {
    if (!chosen.current) return;
    event.preventDefault();
    onChosen();
  };
  const whole = complete(typed.trim());
  const search = typed === value ? '' : typed.trim().toLowerCase();
  const matching = [
    ...suggestions.filter((suggestion) => suggestion.value.toLowerCase().includes(search)),
    ...found.filter((one) => !suggestions.some((suggestion) => isSame(suggestion, one))),
  ];
  const isNew = whole !== '' && !matching.some((suggestion) => suggestion.value === whole);

  return (
    <ChipField
      name={props.name}
      icon={value ? props.icon : fallback.icon}
      text={props.text}
      muted={!value}
      invalid={props.invalid}
      open={open}
      onOpenChange={show}
      onCloseAutoFocus={onCloseAutoFocus}
    >
      <Command shouldFilter={false} label={props.name}>
        <Command.Input
          autoFocus
          placeholder={props.placeholder}
          value={typed}
          onValueChange={type}
          onFocus={(event) => event.target.select()}
          spellCheck={false}
          autoCapitalize="off"
          className="h-11 w-full border-b bg-transparent px-3.5 text-sm outline-none"
        />
        <Command.List className="max-h-72 overflow-y-auto p-1">
          {isNew && (
            <Choice value="typed" icon={CornerDownLeft} onSelect={() => choose(whole)}>
              <span className="truncate">
                Use <span className="font-medium">{whole}</span>
              </span>
            </Choice>
          )}
          {matching.map(({ value: suggested, text, note }) => (
            <Choice
              key={suggested}
              value={`=${suggested}`}
              icon={suggested === value ? Check : props.icon}
              onSelect={() => choose(suggested)}
            >
              <span className="truncate">{text ?? suggested}</span>
              {note && (
                <span className="ml-auto max-w-32 shrink-0 truncate text-xs text-subtle-foreground">
                  {note}
                </span>
              )}
            </Choice>
          ))}
          <Choice value="default" icon={fallback.icon} onSelect={() => choose('')}>
            <span className="truncate">{fallback.text}</span>
          </Choice>
        </Command.List>
        {props.note}
        <p className="border-t px-3.5 py-2 text-xs text-muted-foreground">{props.hint}</p>
      </Command>
    </ChipField>
  );
}

/** The same repository has an address with and without `.git`. */
const isSame = (a: Suggestion, b: Suggestion) =>
  a.value.replace(/\.git$/, '') === b.value.replace(/\.git$/, '');

interface ChoiceProps {
  value: string;
  icon: LucideIcon;
  onSelect: () => void;
  children: ReactNode;
}

const Choice = ({ icon: Icon, children, ...props }: ChoiceProps) => (
  <Command.Item
    {...props}
    className="flex h-8.5 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 text-sm data-[selected=true]:bg-hover pointer-coarse:h-11"
  >
    <Icon aria-hidden className="size-4 shrink-0 text-muted-foreground" strokeWidth={1.75} />
    {children}
  </Command.Item>
);
