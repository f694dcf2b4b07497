import { CreateCredential, DEFAULT_CREDENTIAL_USER } from '@saas-codex/contracts/credentials';
import { type FormEvent, useState } from 'react';
import type { ZodError } from 'zod';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useCreateGitCredential } from './api/git-credentials.js';
import { SecretValueField } from './secret-value-field.js';

const EMPTY = { host: '', path: '', username: '', token: '', private_key: '' };

const KINDS = [
  { value: 'token', name: 'Token, for https' },
  { value: 'ssh_key', name: 'Key, for ssh' },
] as const;

const OWNERS = [
  { value: 'person', name: 'Only me' },
  { value: 'organisation', name: 'Everybody in the organisation' },
] as const;

/** Saves a git credential. Its token is gone from the page as soon as it is saved. */
export function NewGitCredential({ forOrganisation }: { forOrganisation: boolean }) {
  const [typed, setTyped] = useState(EMPTY);
  const [owner, setOwner] = useState<(typeof OWNERS)[number]['value']>('person');
  const [kind, setKind] = useState<(typeof KINDS)[number]['value']>('token');
  const create = useCreateGitCredential();
  const checked = CreateCredential.safeParse({ ...bodyOf(kind, typed), owner });
  const change = (field: keyof typeof EMPTY) => (value: string) => setTyped({ ...typed, [field]: value });
  const errorOf = (field: keyof typeof EMPTY) => {
    const issue = issuesOf(checked.error).find(({ path }) => path[0] === field);
    return typed[field] === '' || !issue ? {} : { error: `It ${issue.message}.` };
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!checked.data) return;
    create.mutate(checked.data, {
      onSuccess: () => {
        setTyped(EMPTY);
        create.reset();
      },
    });
  };
  const field = (name: keyof typeof EMPTY) => ({
    value: typed[name],
    onChange: (event: { target: { value: string } }) => change(name)(event.target.value),
    autoComplete: 'off',
    spellCheck: false,
    ...errorOf(name),
  });
  return (
    <form onSubmit={submit} aria-label="New credential" className="space-y-3 py-3">
      <Segmented label="Kind" value={kind} onChange={setKind} options={KINDS} className="w-fit" />
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField label="Host" placeholder="github.com" maxLength={260} {...field('host')} />
        <TextField
          label="Only below"
          placeholder="acme"
          maxLength={500}
          hint="A group or a repository. Empty: everything on the host."
          {...field('path')}
        />
      </div>
      {kind === 'token' ? (
        <>
          <TokenField
            label="Token"
            value={typed.token}
            onChange={change('token')}
            hint="A personal access token, or a password, that may read the repositories."
            {...errorOf('token')}
          />
          <TextField
            label="User name"
            placeholder={DEFAULT_CREDENTIAL_USER}
            maxLength={200}
            hint="Most hosts take any. Bitbucket wants the one of your account."
            {...field('username')}
          />
        </>
      ) : (
        <SecretValueField
          label="Private key"
          value={typed.private_key}
          onChange={change('private_key')}
          error={errorOf('private_key').error}
          hint="Empty: a new key is made, and you add its public half at the host. A key of yours must have no passphrase."
        />
      )}
      {forOrganisation && (
        <div>
          <p className="mb-1.5 text-xs font-medium">Used for sessions of</p>
          <Segmented
            label="Used for sessions of"
            value={owner}
            onChange={setOwner}
            options={OWNERS}
            className="w-fit max-w-full flex-wrap"
          />
        </div>
      )}
      {create.error && <ErrorNotice error={create.error} />}
      <Button variant="primary" type="submit" busy={create.isPending} disabled={!checked.success}>
        Save credential
      </Button>
    </form>
  );
}

interface TokenFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  error?: string;
  autoFocus?: boolean;
}

/** Like a password's, but no browser offers to save it. */
export const TokenField = ({ onChange, ...props }: TokenFieldProps) => (
  <TextField
    type="password"
    autoComplete="new-password"
    maxLength={4_000}
    onChange={(event) => onChange(event.target.value)}
    className="[&_input]:font-mono"
    {...props}
  />
);

/** What is left empty has its default. */
function bodyOf(kind: 'token' | 'ssh_key', { host, path, username, token, private_key }: typeof EMPTY) {
  const place = { kind, host: host.trim(), path: path.trim() };
  if (kind === 'ssh_key') return { ...place, ...(private_key.trim() !== '' && { private_key }) };
  return { ...place, token: token.trim(), ...(username.trim() !== '' && { username: username.trim() }) };
}

/** Of the kind that was chosen: what is wrong for the other one is of no interest. */
const issuesOf = (error: ZodError | undefined): ZodError['issues'] =>
  error?.issues.flatMap((issue) =>
    issue.code === 'invalid_union'
      ? (issue.errors.find((issues) => issues.every(({ path }) => path[0] !== 'kind')) ?? [])
      : [issue],
  ) ?? [];
