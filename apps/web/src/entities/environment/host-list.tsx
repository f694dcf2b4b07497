import { X } from 'lucide-react';
import { type ClipboardEvent, type KeyboardEvent, useId, useRef, useState } from 'react';
import { isEnter } from '../../shared/lib/enter-key.js';
import { cx } from '../../shared/lib/cx.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Tooltip } from '../../shared/ui/tooltip.js';
import type { FieldErrors } from './field-errors.js';
import { type HostDraft, hostIn } from './network-draft.js';

interface HostListProps {
  hosts: readonly HostDraft[];
  onChange: (hosts: HostDraft[]) => void;
  /** Keys are pointers into the list, such as `/0/host`; the empty one is about the list itself. */
  errors: FieldErrors;
}

/**
 * The hosts of an allow list, with an empty line at the end. What is typed there is part of the list at once, without
 * an "Add" button.
 */
export function HostList({ hosts, onChange, errors }: HostListProps) {
  const list = useRef<HTMLUListElement>(null);
  const focus = (index: number) => list.current?.querySelectorAll('input')[index]?.focus();
  const change = (index: number, part: Partial<HostDraft>) =>
    onChange(hosts.map((host, at) => (at === index ? { ...host, ...part } : host)));
  const type = (index: number, host: string) => {
    if (index === hosts.length) onChange([...hosts, { host, readOnly: false }]);
    else change(index, { host });
  };
  const remove = (index: number) => {
    onChange(hosts.toSpliced(index, 1));
    focus(index);
  };
  const onPaste = (index: number, event: ClipboardEvent) => {
    const pasted = event.clipboardData
      .getData('text')
      .split(/[\s,;]+/)
      .map(hostIn)
      .filter(Boolean);
    if (pasted.length < 2) return;
    event.preventDefault();
    const added = pasted.map((host) => ({ host, readOnly: false }));
    onChange(hosts.toSpliced(index, hosts[index]?.host.trim() === '' ? 1 : 0, ...added));
  };

  return (
    <div>
      <ul ref={list} aria-label="Hosts" className="space-y-1.5">
        {[...hosts, { host: '', readOnly: false }].map((host, index) => (
          <HostRow
            key={index}
            host={host}
            isNew={index === hosts.length}
            error={errors[`/${index}/host`] ?? errors[`/${index}`]}
            onType={(text) => type(index, text)}
            onReadOnly={(readOnly) => change(index, { readOnly })}
            onRemove={() => remove(index)}
            onPaste={(event) => onPaste(index, event)}
            onNext={() => focus(index + 1)}
            onLeave={() => {
              if (index < hosts.length && host.host.trim() === '') onChange(hosts.toSpliced(index, 1));
            }}
          />
        ))}
      </ul>
      {errors[''] && <p className="mt-1.5 text-xs text-muted-foreground">{errors['']}</p>}
    </div>
  );
}

interface HostRowProps {
  host: HostDraft;
  /** The empty line at the end. */
  isNew: boolean;
  error: string | undefined;
  onType: (host: string) => void;
  onReadOnly: (readOnly: boolean) => void;
  onRemove: () => void;
  onPaste: (event: ClipboardEvent) => void;
  onNext: () => void;
  onLeave: () => void;
}

function HostRow({ host: { host, readOnly }, isNew, error: wrong, ...on }: HostRowProps) {
  const id = useId();
  // No error while the name is still being typed.
  const [written, setWritten] = useState(host !== '');
  const error = written && wrong ? `“${host.trim()}” ${wrong}` : undefined;
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter would submit the form. Only on the empty line it may.
    if (!isEnter(event) || host.trim() === '') return;
    event.preventDefault();
    on.onNext();
  };
  return (
    <li>
      <div
        className={cx(
          'flex h-8 items-center gap-0.5 rounded-lg border bg-background pr-1 focus-within:border-accent focus-within:ring-2 focus-within:ring-ring/30',
          error ? 'border-destructive' : 'border-input',
        )}
      >
        <input
          aria-label={isNew ? 'Add a host' : 'Host'}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? id : undefined}
          placeholder={isNew ? 'Add a host, like registry.npmjs.org' : undefined}
          value={host}
          onChange={(event) => on.onType(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={on.onPaste}
          onBlur={() => {
            setWritten(host.trim() !== '');
            on.onLeave();
          }}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          className="h-full min-w-0 flex-1 rounded-lg bg-transparent px-2.5 font-mono text-xs outline-none placeholder:font-sans"
        />
        {!isNew && <ReadOnlyToggle host={host} value={readOnly} onChange={on.onReadOnly} />}
        {!isNew && (
          <IconButton label={`Remove ${host}`} size="sm" onClick={on.onRemove}>
            <X />
          </IconButton>
        )}
      </div>
      {error && (
        <p id={id} role="alert" className="mt-1 text-xs text-destructive">
          {error}
        </p>
      )}
    </li>
  );
}

interface ReadOnlyToggleProps {
  host: string;
  value: boolean;
  onChange: (readOnly: boolean) => void;
}

const ReadOnlyToggle = ({ host, value, onChange }: ReadOnlyToggleProps) => (
  <Tooltip
    side="top"
    label={
      value
        ? 'Only GET, HEAD and OPTIONS. To enforce this, HTTPS is decrypted with a certificate made for the run.'
        : 'All methods. Choose this to let commands only read from the host.'
    }
  >
    <button
      type="button"
      aria-pressed={value}
      aria-label={`Read only: ${host}`}
      onClick={() => onChange(!value)}
      className={cx(
        'h-6 shrink-0 rounded-md px-2 text-2xs font-medium whitespace-nowrap',
        value ? 'bg-accent-soft text-accent' : 'text-subtle-foreground hover:bg-hover hover:text-foreground',
      )}
    >
      Read only
    </button>
  </Tooltip>
);
