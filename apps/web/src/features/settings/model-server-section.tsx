import {
  type ModelServer,
  ModelServerKey,
  type ModelServerTest,
  ModelServerUrl,
} from '@saas-codex/contracts/models';
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleHelp, CircleX } from 'lucide-react';
import { useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { cx } from '../../shared/lib/cx.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import {
  modelServerQuery,
  useRemoveModelServer,
  useSetModelServer,
  useTestModelServer,
} from './api/model-server.js';
import { Section } from './section.js';

/** Who answers the organisation's model calls. Nobody sees the key again. */
export function ModelServerSection() {
  const { data, error, refetch } = useQuery(modelServerQuery);
  const mayChange = usePermission('models:manage');
  return (
    <Section title="Model server">
      {!data && !error && <Skeleton className="my-3 h-10" />}
      {!data && error && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {data && <Server server={data} mayChange={mayChange} />}
    </Section>
  );
}

function Server({ server, mayChange }: { server: ModelServer; mayChange: boolean }) {
  const [asking, setAsking] = useState<'change' | 'remove' | null>(null);
  const test = useTestModelServer();
  const close = () => setAsking(null);
  // What was found is of the server as it was.
  const closeChanged = () => {
    test.reset();
    close();
  };
  const { base_url: address, key_saved_at: savedAt } = server;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        {address === null ? (
          <p className="text-sm">The operator’s server answers</p>
        ) : (
          <code className="block font-mono text-sm [overflow-wrap:anywhere]">{address}</code>
        )}
        <p className="mt-0.5 max-w-lg text-xs text-muted-foreground">
          {savedAt === null
            ? 'Your organisation can use a server and a key of its own, with any Responses API.'
            : `Key saved, last changed ${new Date(savedAt).toLocaleDateString()}. Nobody can read it again.`}
          {!mayChange && ' Admins and owners can change this.'}
        </p>
      </div>
      {mayChange && (
        <div className="flex flex-wrap gap-2">
          {address !== null && (
            <Button size="sm" busy={test.isPending} onClick={() => test.mutate()}>
              Test
            </Button>
          )}
          <Button size="sm" onClick={() => setAsking('change')}>
            {address === null ? 'Use your own…' : 'Change…'}
          </Button>
          {address !== null && (
            <Button size="sm" onClick={() => setAsking('remove')}>
              Remove…
            </Button>
          )}
        </div>
      )}
      {test.data && <TestResult test={test.data} />}
      {test.error && <ErrorNotice error={test.error} className="basis-full" />}
      {asking === 'change' && <ServerDialog saved={address} onClose={close} onSaved={closeChanged} />}
      {asking === 'remove' && address !== null && (
        <RemoveDialog saved={address} onClose={close} onRemoved={closeChanged} />
      )}
    </div>
  );
}

/** A newer server may have outcomes that this page does not know. */
function OutcomeIcon({ outcome }: Pick<ModelServerTest['checks'][number], 'outcome'>) {
  const shape = 'mt-0.5 size-4 shrink-0';
  switch (outcome) {
    case 'works':
      return <CircleCheck role="img" aria-label="Works" className={cx(shape, 'text-success')} />;
    case 'fails':
      return <CircleX role="img" aria-label="Fails" className={cx(shape, 'text-destructive')} />;
    default:
      return <CircleHelp role="img" aria-label="Not known" className={cx(shape, 'text-muted-foreground')} />;
  }
}

const TestResult = ({ test: { works, checks } }: { test: ModelServerTest }) => (
  <div role="status" className="basis-full text-sm">
    <p className="font-medium">{works ? 'The server works.' : 'The server does not work yet.'}</p>
    <ul className="mt-1 space-y-1">
      {checks.map(({ check, outcome, message }) => (
        <li key={check} className="flex items-start gap-2">
          <OutcomeIcon outcome={outcome} />
          <span className="min-w-0 [overflow-wrap:anywhere]">{message}</span>
        </li>
      ))}
    </ul>
  </div>
);

interface DialogProps<Saved> {
  saved: Saved;
  onClose: () => void;
}

function ServerDialog({ saved, onClose, onSaved }: DialogProps<string | null> & { onSaved: () => void }) {
  const [address, setAddress] = useState(saved ?? '');
  const [key, setKey] = useState('');
  const set = useSetModelServer();
  const base_url = address.trim();
  const errors = { address: errorOf(ModelServerUrl, base_url), key: errorOf(ModelServerKey, key) };
  const keepsKey = saved !== null && originOf(saved) === originOf(base_url);
  const isComplete = base_url !== '' && (key !== '' || keepsKey) && !(errors.address ?? errors.key);
  return (
    <ActionDialog
      title="Model server"
      description="Prompts, and the code that Codex reads, are sent there. Future runs use it."
      action="Save"
      disabled={!isComplete}
      state={set}
      onSubmit={() => set.mutate({ base_url, ...(key !== '' && { key }) }, { onSuccess: onSaved })}
      onClose={onClose}
    >
      <TextField
        label="Address"
        placeholder="https://models.example.com/v1"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        autoFocus
        hint="The root of a Responses API, usually ending in /v1."
        value={address}
        onChange={({ target }) => setAddress(target.value)}
        className="[&_input]:font-mono"
        {...(errors.address && { error: errors.address })}
      />
      <TextField
        label="Key"
        type="password"
        autoComplete="new-password"
        spellCheck={false}
        hint={keepsKey ? 'Empty: the saved key stays.' : keyHint(saved)}
        value={key}
        onChange={({ target }) => setKey(target.value)}
        className="[&_input]:font-mono"
        {...(errors.key && { error: errors.key })}
      />
    </ActionDialog>
  );
}

const keyHint = (saved: string | null) =>
  saved === null
    ? 'It is encrypted, and sent to this server only.'
    : 'The saved key is not sent to another server, so this one needs its own.';

function RemoveDialog({ saved, onClose, onRemoved }: DialogProps<string> & { onRemoved: () => void }) {
  const [typed, setTyped] = useState('');
  const remove = useRemoveModelServer();
  const { host } = new URL(saved);
  return (
    <ActionDialog
      title="Use the operator’s server again?"
      description={`The address and the key are deleted. Runs that are at work keep them until they end. To confirm, repeat the host: ${host}`}
      action="Remove"
      danger
      disabled={typed !== host}
      state={remove}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onRemoved })}
      onClose={onClose}
    >
      <TextField
        label="Host"
        autoFocus
        autoComplete="off"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        className="[&_input]:font-mono"
      />
    </ActionDialog>
  );
}

const originOf = (address: string) => (URL.canParse(address) ? new URL(address).origin : null);

/** What is wrong with what a person has typed; undefined: nothing, or nothing was typed. */
function errorOf(schema: typeof ModelServerUrl, typed: string): string | undefined {
  const issue = typed === '' ? undefined : schema.safeParse(typed).error?.issues[0];
  if (!issue) return undefined;
  return issue.code === 'too_small' ? 'It is too short to be a key.' : `It ${issue.message}.`;
}
