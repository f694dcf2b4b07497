import {
  describeLimit,
  formatAmount,
  LIMIT_SCOPES,
  type LimitsOverview,
  type LimitScope,
} from '@saas-codex/contracts/limits';
import { MICRO_USD } from '@saas-codex/contracts/models';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { usePermission } from '../../../shared/api/use-permission.js';
import { cx } from '../../../shared/lib/cx.js';
import { Button } from '../../../shared/ui/button.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { TextField } from '../../../shared/ui/text-field.js';
import { limitsQuery, useUpdateLimits } from '../api/limits.js';
import { Section } from '../section.js';

const SCOPES: Record<LimitScope, string> = {
  run: 'Each run',
  session: 'Each session',
  person: 'Each person',
  tenant: 'The organisation',
};
const FIELDS: Record<string, string> = {
  micro_usd: 'US dollars',
  micro_usd_per_day: 'US dollars a day',
  micro_usd_per_month: 'US dollars a month',
  tokens: 'Tokens',
  tokens_per_day: 'Tokens a day',
  tokens_per_month: 'Tokens a month',
  concurrent_runs: 'Runs at the same time',
  queued_runs: 'Runs in the queue',
};
const isMoney = (field: string) => field.startsWith('micro_usd');
type Values = Record<string, number | null>;

/** What may be used, and how much of it is. */
export function LimitsSection() {
  const { data, error, refetch } = useQuery(limitsQuery);
  const mayChange = usePermission('limits:manage');
  return (
    <Section title="Limits">
      {!data && !error && <Skeleton className="my-3 h-24" />}
      {!data && error && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {data && <Standings overview={data} />}
      {data &&
        LIMIT_SCOPES.toReversed().map((scope) => (
          <ScopeRow key={scope} scope={scope} overview={data} mayChange={mayChange} />
        ))}
      {data && !mayChange && (
        <p className="py-3 text-xs text-muted-foreground">Admins and owners can change limits.</p>
      )}
    </Section>
  );
}

function Standings({ overview: { standings } }: { overview: LimitsOverview }) {
  if (standings.length === 0)
    return <p className="py-3 text-sm text-muted-foreground">Nothing limits what you may spend.</p>;
  return (
    <div className="space-y-3 py-3">
      {standings.map((standing) => {
        const { scope, unit, period, cap, used, reserved } = standing;
        const share = cap === 0 ? 1 : Math.min(used / cap, 1);
        const words = describeLimit(standing);
        return (
          <div key={`${scope} ${unit} ${period}`}>
            <div className="flex flex-wrap justify-between gap-x-4 text-sm">
              <span>
                {words[0]?.toUpperCase() + words.slice(1)}
                {standing.set_by === 'operator' && ', set by the operator of this installation'}
              </span>
              <span className="text-muted-foreground tabular-nums">
                {formatAmount(used, unit)} used{reserved > 0 && `, ${formatAmount(reserved, unit)} reserved`}
              </span>
            </div>
            <div
              role="meter"
              aria-label={words}
              aria-valuemin={0}
              aria-valuemax={cap}
              aria-valuenow={Math.min(used, cap)}
              className="mt-1.5 h-1.5 overflow-hidden rounded-full bg-muted"
            >
              <div
                className={cx(
                  'h-full rounded-full',
                  share >= 1 ? 'bg-destructive' : share >= 0.8 ? 'bg-warning' : 'bg-accent',
                )}
                style={{ width: `${share * 100}%` }}
              />
            </div>
          </div>
        );
      })}
    </div>
  );
}

interface ScopeRowProps {
  scope: LimitScope;
  overview: LimitsOverview;
  mayChange: boolean;
}

function ScopeRow({ scope, overview: { limits, ceilings }, mayChange }: ScopeRowProps) {
  const [editing, setEditing] = useState(false);
  const values: Values = limits[scope];
  const highest: Values = ceilings?.[scope] ?? {};
  const bounded = Object.entries(highest).flatMap(([field, value]) =>
    value === null ? [] : [worded(field, value)],
  );
  const set = Object.entries(values).flatMap(([field, value]) =>
    value === null ? [] : [worded(field, value)],
  );
  return (
    <div className="py-3">
      <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-6 gap-y-1">
        <h3 className="text-sm">{SCOPES[scope]}</h3>
        <span className="flex items-center gap-3 text-sm text-muted-foreground">
          {set.length > 0 ? set.join(', ') : 'No limit'}
          {mayChange && !editing && (
            <Button
              size="sm"
              aria-label={`Change the limits: ${SCOPES[scope]}`}
              onClick={() => setEditing(true)}
            >
              Change
            </Button>
          )}
        </span>
      </div>
      {bounded.length > 0 && (
        <p className="mt-1 text-xs text-muted-foreground">
          Set by the operator of this installation: at most {bounded.join(', ')}.
        </p>
      )}
      {editing && (
        <ScopeForm scope={scope} values={values} highest={highest} onClose={() => setEditing(false)} />
      )}
    </div>
  );
}

const worded = (field: string, value: number): string =>
  `${shown(field, value)} ${FIELDS[field]?.replace(/^US dollars ?/, '').toLowerCase()}`.trim();

const shown = (field: string, value: number): string =>
  isMoney(field) ? formatAmount(value, 'micro_usd') : value.toLocaleString('en-US');

interface ScopeFormProps {
  scope: LimitScope;
  values: Values;
  /** What the operator allows. */
  highest: Values;
  onClose: () => void;
}

function ScopeForm({ scope, values, highest, onClose }: ScopeFormProps) {
  const update = useUpdateLimits();
  const [texts, setTexts] = useState(() =>
    Object.fromEntries(
      Object.entries(values).map(([field, value]) => [
        field,
        value === null ? '' : String(isMoney(field) ? value / MICRO_USD : value),
      ]),
    ),
  );
  const parsed = Object.entries(texts).map(([field, text]) => [field, parse(field, text)] as const);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate({ [scope]: Object.fromEntries(parsed) }, { onSuccess: onClose });
  };
  return (
    <form onSubmit={submit} aria-label={`Limits: ${SCOPES[scope]}`} className="mt-3 space-y-3">
      <div className="grid gap-3 sm:grid-cols-2">
        {parsed.map(([field, value]) => (
          <TextField
            key={field}
            label={FIELDS[field] ?? field}
            inputMode="decimal"
            placeholder={placeholderOf(field, highest[field] ?? null)}
            value={texts[field] ?? ''}
            error={errorOf(field, value, highest[field] ?? null)}
            onChange={({ target }) => setTexts((all) => ({ ...all, [field]: target.value }))}
          />
        ))}
      </div>
      {update.error && <ErrorNotice error={update.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="primary"
          type="submit"
          busy={update.isPending}
          disabled={parsed.some(([field, value]) => errorOf(field, value, highest[field] ?? null))}
        >
          Save
        </Button>
      </div>
    </form>
  );
}

const placeholderOf = (field: string, ceiling: number | null): string =>
  ceiling === null ? 'No limit' : shown(field, ceiling);

function errorOf(field: string, value: number | null | undefined, ceiling: number | null) {
  if (value === undefined) return 'Enter a number, or nothing.';
  return value !== null && ceiling !== null && value > ceiling
    ? `The operator of this installation allows at most ${shown(field, ceiling)}.`
    : undefined;
}

/** null: no limit. undefined: not a number. */
function parse(field: string, text: string): number | null | undefined {
  const plain = text.replace(/[,\s$]/g, '');
  if (plain === '') return null;
  if (isMoney(field)) return /^\d+(\.\d+)?$/.test(plain) ? Math.round(Number(plain) * MICRO_USD) : undefined;
  return /^\d+$/.test(plain) ? Number(plain) : undefined;
}
