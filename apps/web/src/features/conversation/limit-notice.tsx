import type { EventData } from '@saas-codex/contracts/events';
import { describeLimit, formatAmount } from '@saas-codex/contracts/limits';
import { Link } from '@tanstack/react-router';
import { Hand } from 'lucide-react';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button } from '../../shared/ui/button.js';

const WHO = {
  you: 'you raise',
  admin: 'an admin raises',
  operator: 'the operator of this installation raises',
};

/** A run waits at a limit: which one, until when, and what helps. */
export function LimitNotice({ limit }: { limit: EventData<'limit.reached'> }) {
  const mayRaise = usePermission('limits:manage');
  const isCeiling = limit.set_by === 'operator';
  const until = new Date(limit.until).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const [used, needed] = [limit.used, limit.needed].map((amount) => formatAmount(amount, limit.unit));
  return (
    <div
      role="status"
      className="my-2 flex gap-2.5 rounded-xl border border-warning/25 bg-warning-soft px-3.5 py-3 text-sm"
    >
      <Hand aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
      <div className="min-w-0 flex-1">
        <p className="font-medium">Waiting at a limit</p>
        <p className="mt-0.5 text-muted-foreground">
          The next step does not fit below {describeLimit(limit)}: {used} are used, and it may take up to{' '}
          {needed}. The run goes on when {isCeiling ? WHO.operator : mayRaise ? WHO.you : WHO.admin} the
          limit, and ends at {until} otherwise.
        </p>
        {mayRaise && !isCeiling && (
          <Button size="sm" className="mt-2.5" asChild>
            <Link to="/settings/$page" params={{ page: 'usage' }}>
              Limits and usage
            </Link>
          </Button>
        )}
      </div>
    </div>
  );
}
