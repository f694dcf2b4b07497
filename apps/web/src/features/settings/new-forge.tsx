import {
  ConnectForge,
  FORGE_KINDS,
  type ForgeKind,
  FORGES_WITH_WORKSPACES,
  HOSTED_FORGES,
} from '@saas-codex/contracts/forges';
import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useConnectForge } from './api/forges.js';
import { FORGE_TEXTS } from './forge-kinds.js';
import { TokenField } from './new-git-credential.js';

const KINDS = FORGE_KINDS.map((value) => ({ value, name: FORGE_TEXTS[value].name }));
const OWNERS = [
  { value: 'person', name: 'Only me' },
  { value: 'organisation', name: 'Everybody in the organisation' },
] as const;

interface NewForgeProps {
  forOrganisation: boolean;
  /** Called with the id of the new connection, which is tested next. */
  onConnected: (id: string) => void;
}

/** Connects a forge. Its token is gone from the page as soon as it is saved. */
export function NewForge({ forOrganisation, onConnected }: NewForgeProps) {
  const [kind, setKind] = useState<ForgeKind>('github');
  const [url, setUrl] = useState('');
  const [typedWorkspace, setWorkspace] = useState('');
  const [token, setToken] = useState('');
  const [owner, setOwner] = useState<(typeof OWNERS)[number]['value']>('person');
  const connect = useConnectForge();
  const hosted = HOSTED_FORGES[kind];
  const { token: tokenHint, tokenPage, isHosted = false } = FORGE_TEXTS[kind];
  const address = isHosted || url.trim() === '' ? undefined : url.trim();
  const hasWorkspace = FORGES_WITH_WORKSPACES.has(kind);
  const workspace = hasWorkspace ? typedWorkspace.trim().toLowerCase() : undefined;
  const checked = ConnectForge.safeParse({ kind, url: address, workspace, owner, token: token.trim() });
  const errorOf = (field: 'url' | 'workspace' | 'token', typed: string) => {
    const issue = checked.error?.issues.find(({ path }) => path[0] === field);
    return typed === '' || !issue ? {} : { error: `It ${issue.message}.` };
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!checked.data) return;
    connect.mutate(checked.data, {
      onSuccess: ({ forge_id }) => {
        setUrl('');
        setWorkspace('');
        setToken('');
        connect.reset();
        onConnected(forge_id);
      },
    });
  };
  const pageOfTokens =
    workspace === ''
      ? ''
      : (address ?? hosted ?? '').replace(/\/$/, '') +
        tokenPage.replace('{workspace}', encodeURIComponent(workspace ?? ''));
  return (
    <form onSubmit={submit} aria-label="New connection" className="space-y-3 py-3">
      {KINDS.length > 1 && (
        <Segmented
          label="Kind"
          value={kind}
          onChange={setKind}
          options={KINDS}
          className="w-fit max-w-full flex-wrap"
        />
      )}
      {!isHosted && (
        <TextField
          label={`Address of ${FORGE_TEXTS[kind].name}`}
          placeholder={hosted ?? 'https://git.example.org'}
          hint={hosted && 'Empty: the hosted one. Else that of your own installation.'}
          maxLength={260}
          autoComplete="off"
          spellCheck={false}
          value={url}
          onChange={(event) => setUrl(event.target.value)}
          {...errorOf('url', url)}
        />
      )}
      {hasWorkspace && (
        <TextField
          label="Workspace"
          placeholder="acme"
          hint="As the addresses of its repositories have it. A token is for one workspace; connect others one by one."
          maxLength={100}
          autoComplete="off"
          spellCheck={false}
          value={typedWorkspace}
          onChange={(event) => setWorkspace(event.target.value)}
          {...errorOf('workspace', typedWorkspace)}
        />
      )}
      <TokenField
        label="Token"
        value={token}
        onChange={setToken}
        hint={tokenHint}
        {...errorOf('token', token)}
      />
      {URL.canParse(pageOfTokens) && /^https?:/.test(pageOfTokens) && (
        <p className="text-xs">
          <a
            href={pageOfTokens}
            target="_blank"
            rel="noreferrer"
            className="text-accent underline-offset-2 hover:underline"
          >
            Make a token at {new URL(pageOfTokens).host}
          </a>
        </p>
      )}
      {forOrganisation && (
        <div>
          <p className="mb-1.5 text-xs font-medium">Used for</p>
          <Segmented
            label="Used for"
            value={owner}
            onChange={setOwner}
            options={OWNERS}
            className="w-fit max-w-full flex-wrap"
          />
        </div>
      )}
      {connect.error && <ErrorNotice error={connect.error} />}
      <Button
        variant="primary"
        type="submit"
        busy={connect.isPending}
        disabled={!checked.success || (!address && !hosted)}
      >
        Connect
      </Button>
    </form>
  );
}
