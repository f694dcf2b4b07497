import { type AuditWebhook, SetAuditWebhook } from '@saas-codex/contracts/audit-webhook';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { auditWebhookQuery, useAuditWebhook } from './api/audit-webhook.js';
import { Section } from './section.js';

/** Where new entries are sent, such as a SIEM. */
export function AuditWebhookSection() {
  const { data, error, refetch } = useQuery(auditWebhookQuery);
  const actions = useAuditWebhook();
  return (
    <Section title="Webhook">
      {!data && !error && <Skeleton className="my-3 h-10" />}
      {!data && error && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {data && <State webhook={data.webhook} actions={actions} />}
    </Section>
  );
}

interface StateProps {
  webhook: AuditWebhook | null;
  actions: ReturnType<typeof useAuditWebhook>;
}

function State({ webhook, actions: { set, remove, test } }: StateProps) {
  const [asking, setAsking] = useState<'change' | 'remove' | null>(null);
  const mayManage = usePermission('audit:manage');
  const close = () => setAsking(null);
  const isEditing = mayManage && (webhook === null || asking === 'change');
  return (
    <div className="space-y-3 py-3">
      {webhook === null ? (
        <p className="text-sm text-muted-foreground">
          New entries can be sent to an address of yours, signed as{' '}
          <span className="whitespace-nowrap">Standard Webhooks</span> has it.
        </p>
      ) : (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <div className="min-w-40 flex-1">
            <code className="block font-mono text-sm [overflow-wrap:anywhere]">{webhook.url}</code>
            <p className="text-xs text-muted-foreground">{progressOf(webhook)}</p>
          </div>
          {mayManage && (
            <div className="flex flex-wrap gap-2">
              <Button size="sm" busy={test.isPending} onClick={() => test.mutate()}>
                Send a test
              </Button>
              <Button size="sm" aria-label="Change the webhook" onClick={() => setAsking('change')}>
                Change
              </Button>
              <Button size="sm" aria-label="Remove the webhook" onClick={() => setAsking('remove')}>
                Remove…
              </Button>
            </div>
          )}
        </div>
      )}
      {webhook?.failing_since && (
        <p role="alert" className="text-sm text-destructive">
          Failing since {inTime(webhook.failing_since)}. {webhook.last_error} Nothing is lost meanwhile.
        </p>
      )}
      {test.data && (
        <p role="status" className="text-sm">
          {test.data.delivered ? 'The test has arrived.' : `The test has not arrived. ${test.data.error}`}
        </p>
      )}
      {test.error && <ErrorNotice error={test.error} />}
      {isEditing && <AddressForm webhook={webhook} set={set} onClose={close} />}
      {set.data?.secret && <NewSecret secret={set.data.secret} />}
      {asking === 'remove' && (
        <ActionDialog
          title="Remove the webhook?"
          description="Entries that wait for their delivery are not sent. The audit log keeps them."
          action="Remove"
          danger
          state={remove}
          onSubmit={() => {
            set.reset();
            test.reset();
            remove.mutate(undefined, { onSuccess: close });
          }}
          onClose={close}
        />
      )}
    </div>
  );
}

interface AddressFormProps {
  webhook: AuditWebhook | null;
  set: StateProps['actions']['set'];
  onClose: () => void;
}

function AddressForm({ webhook, set, onClose }: AddressFormProps) {
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [secret, setSecret] = useState('');
  const body = { url: url.trim(), ...(secret.trim() !== '' && { secret: secret.trim() }) };
  const issues = SetAuditWebhook.safeParse(body).error?.issues ?? [];
  const errorOf = (field: string, typed: string) => {
    const issue = typed === '' ? undefined : issues.find(({ path }) => path[0] === field);
    return issue && { error: `It ${issue.message}.` };
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(body, { onSuccess: onClose });
  };
  return (
    <form onSubmit={submit} aria-label="Webhook" className="space-y-3">
      <TextField
        label="Address"
        type="url"
        placeholder="https://siem.example.com/hooks/codex"
        maxLength={2_000}
        value={url}
        onChange={(event) => setUrl(event.target.value)}
        {...errorOf('url', url)}
      />
      <TextField
        label="Secret"
        type="password"
        autoComplete="off"
        value={secret}
        onChange={(event) => setSecret(event.target.value)}
        hint={webhook ? 'Empty: it stays as it is.' : 'Empty: one is made, and shown once.'}
        {...errorOf('secret', secret)}
      />
      {set.error && <ErrorNotice error={set.error} />}
      <div className="flex justify-end gap-2">
        {webhook && <Button onClick={onClose}>Cancel</Button>}
        <Button variant="primary" type="submit" busy={set.isPending} disabled={issues.length > 0}>
          {webhook ? 'Save' : 'Send entries there'}
        </Button>
      </div>
    </form>
  );
}

const NewSecret = ({ secret }: { secret: string }) => (
  <div role="status" className="rounded-lg border bg-muted/60 px-3 py-2 text-sm">
    <p>Copy the secret that signs deliveries now. It is not shown again.</p>
    <div className="mt-1.5 flex items-start gap-2">
      <code className="min-w-0 flex-1 font-mono text-xs [overflow-wrap:anywhere] select-all">{secret}</code>
      <CopyButton label="Copy the secret" text={secret} />
    </div>
  </div>
);

const inTime = (iso: string) => new Date(iso).toLocaleString();

function progressOf({ waiting, last_delivered_at: last }: AuditWebhook): string {
  const delivered = last === null ? 'Nothing delivered yet' : `Last delivered ${inTime(last)}`;
  return waiting === 0 ? delivered : `${delivered}, ${waiting.toLocaleString()} waiting`;
}
