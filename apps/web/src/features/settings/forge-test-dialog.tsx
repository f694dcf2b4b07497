import type { Forge, ForgeRight } from '@saas-codex/contracts/forges';
import { CircleCheck, CircleHelp, CircleX, type LucideIcon } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { cx } from '../../shared/lib/cx.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { useForge } from './api/forges.js';
import { placeOf } from './forge-kinds.js';

interface StateText {
  icon: LucideIcon;
  /** For those who do not see the icon. */
  name: string;
  className: string;
}
const UNKNOWN: StateText = { icon: CircleHelp, name: 'Not known', className: 'text-muted-foreground' };
const STATES: Record<string, StateText> = {
  works: { icon: CircleCheck, name: 'Works', className: 'text-success' },
  missing: { icon: CircleX, name: 'Missing', className: 'text-destructive' },
};

/** Asks the forge at once, and shows what works, what is missing, and how to mend it. */
export function ForgeTestDialog({ forge, onClose }: { forge: Forge; onClose: () => void }) {
  const { test } = useForge(forge.forge_id);
  const { mutate, data } = test;
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    mutate();
  }, [mutate]);
  return (
    <ActionDialog
      title={`Test ${placeOf(forge)}`}
      description="The forge is asked who acts there with this connection, and what it may do. Nothing is changed there."
      action="Test again"
      state={test}
      onSubmit={() => mutate()}
      onClose={onClose}
    >
      {test.isPending && !data && <Skeleton className="h-24" />}
      {data && (
        <div role="status" className="space-y-3">
          <p className={cx('text-sm', !data.works && 'text-destructive')}>{data.detail}</p>
          {data.retry_at && (
            <p className="text-sm">
              It may be asked again at {new Date(data.retry_at).toLocaleTimeString()}.
            </p>
          )}
          {data.rights.length > 0 && (
            <ul aria-label="Rights" className="space-y-2">
              {data.rights.map((right) => (
                <Right key={right.right} {...right} />
              ))}
            </ul>
          )}
          {data.expires_at && (
            <p className="text-xs text-muted-foreground">
              The token ends on {new Date(data.expires_at).toLocaleDateString()}.
            </p>
          )}
        </div>
      )}
    </ActionDialog>
  );
}

function Right({ state, detail }: ForgeRight) {
  const { icon: Icon, name, className } = STATES[state] ?? UNKNOWN;
  return (
    <li className="flex gap-2 text-sm">
      <Icon aria-hidden className={cx('mt-0.5 size-4 shrink-0', className)} strokeWidth={1.75} />
      <span className="min-w-0 [overflow-wrap:anywhere]">
        <span className="sr-only">{name}: </span>
        {detail}
      </span>
    </li>
  );
}
