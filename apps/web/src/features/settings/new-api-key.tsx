import { PERMISSION_TEXTS } from '@saas-codex/contracts/permission-texts';
import type { Permission } from '@saas-codex/contracts/permissions';
import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useCreateApiKey } from './api/api-keys.js';

const LIFETIMES = [
  [30, '30 days'],
  [90, '90 days'],
  [365, 'A year'],
  [null, 'Until it is revoked'],
] as const;

interface NewApiKeyProps {
  /** Of the API: `OWN_KEYS`, or those of a service account. */
  collection: string;
  /** The scopes to choose from. */
  offered: readonly Permission[];
  whose: 'your' | 'its';
}

/** Makes a key, and shows it once. */
export function NewApiKey({ collection, offered, whose }: NewApiKeyProps) {
  const [name, setName] = useState('');
  const [days, setDays] = useState<number | null>(90);
  const [scopes, setScopes] = useState<ReadonlySet<Permission> | null>(null);
  const create = useCreateApiKey(collection);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { name: name.trim(), expires_in_days: days, ...(scopes && { scopes: [...scopes] }) },
      { onSuccess: () => setName('') },
    );
  };
  return (
    <form onSubmit={submit} aria-label="New API key" className="space-y-3 py-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="Name"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
          className="min-w-full flex-1 sm:min-w-48"
        />
        <select
          aria-label="Lifetime"
          value={String(days)}
          onChange={(event) => setDays(event.target.value === 'null' ? null : Number(event.target.value))}
          className="h-8 rounded-lg border border-input bg-background px-2 text-sm pointer-coarse:h-11"
        >
          {LIFETIMES.map(([value, text]) => (
            <option key={text} value={String(value)}>
              {text}
            </option>
          ))}
        </select>
        <Button
          variant="primary"
          type="submit"
          busy={create.isPending}
          disabled={!name.trim() || scopes?.size === 0}
        >
          Create key
        </Button>
      </div>
      <label className="flex items-center gap-2 text-sm pointer-coarse:min-h-11">
        <input
          type="checkbox"
          checked={scopes === null}
          onChange={(event) => setScopes(event.target.checked ? null : new Set())}
        />
        All that {whose} role may do
      </label>
      {scopes && <Scopes offered={offered} value={scopes} onChange={setScopes} />}
      {create.error && <ErrorNotice error={create.error} />}
      {create.data?.key && <NewKey apiKey={create.data.key} />}
    </form>
  );
}

interface ScopesProps {
  offered: readonly Permission[];
  value: ReadonlySet<Permission>;
  onChange: (scopes: ReadonlySet<Permission>) => void;
}

function Scopes({ offered, value, onChange }: ScopesProps) {
  const toggle = (permission: Permission, on: boolean) =>
    onChange(new Set(on ? [...value, permission] : [...value].filter((each) => each !== permission)));
  return (
    <fieldset className="rounded-lg border px-3 py-2">
      <legend className="px-1 text-xs font-medium">The key may</legend>
      {offered.map((permission) => (
        <label key={permission} className="flex items-center gap-2 py-0.5 text-sm pointer-coarse:min-h-11">
          <input
            type="checkbox"
            checked={value.has(permission)}
            onChange={(event) => toggle(permission, event.target.checked)}
          />
          <span className="flex-1">{PERMISSION_TEXTS[permission]}</span>
          <code className="font-mono text-2xs text-subtle-foreground max-sm:hidden">{permission}</code>
        </label>
      ))}
    </fieldset>
  );
}

const NewKey = ({ apiKey }: { apiKey: string }) => (
  <div role="status" className="rounded-lg border bg-muted/60 px-3 py-2 text-sm">
    <p>Copy the key now. It is not shown again.</p>
    <div className="mt-1.5 flex items-start gap-2">
      <code className="min-w-0 flex-1 font-mono text-xs [overflow-wrap:anywhere] select-all">{apiKey}</code>
      <CopyButton label="Copy the key" text={apiKey} />
    </div>
  </div>
);
