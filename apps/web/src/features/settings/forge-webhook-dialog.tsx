import type { Forge } from '@saas-codex/contracts/forges';
import { ForgeWebhook } from '@saas-codex/contracts/pull-requests';
import { useMutation } from '@tanstack/react-query';
import { path, request } from '../../shared/api/request.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { FORGE_TEXTS, kindOf, placeOf } from './forge-kinds.js';

/** Makes the address and the secret with which the forge reports what happens to pull requests. */
export function ForgeWebhookDialog({ forge, onClose }: { forge: Forge; onClose: () => void }) {
  const make = useMutation({
    mutationFn: () =>
      request(path`/api/forges/${forge.forge_id}/webhook`, { method: 'POST', schema: ForgeWebhook }),
    // The secret does not stay in the page's memory.
    gcTime: 0,
  });
  const { data, error, isPending } = make;
  const kind = kindOf(forge);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Webhook of ${placeOf(forge)}`}
      description="With a webhook, pull requests follow the forge at once. Without one, they are read every few minutes. A new secret takes the place of an earlier one."
    >
      {data && (
        <div role="status" className="mt-4 space-y-3 text-sm">
          <p>
            Add both at the forge, to a repository or the whole organisation
            {kind && `, ${FORGE_TEXTS[kind].webhook}`}. The secret is not shown again.
          </p>
          <Value name="Address" text={data.url} />
          {data.secret !== null && <Value name="Secret" text={data.secret} />}
        </div>
      )}
      {error && <ErrorNotice error={error} className="mt-4" />}
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        {!data && (
          <Button variant="primary" busy={isPending} onClick={() => make.mutate()}>
            Make a secret
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

const Value = ({ name, text }: { name: string; text: string }) => (
  <div>
    <p className="text-xs font-medium">{name}</p>
    <div className="mt-1 flex items-start gap-2">
      <code className="min-w-0 flex-1 font-mono text-xs [overflow-wrap:anywhere] select-all">{text}</code>
      <CopyButton label={`Copy the ${name.toLowerCase()}`} text={text} />
    </div>
  </div>
);
