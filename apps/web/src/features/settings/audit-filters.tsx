import type { AuditFilters } from '@saas-codex/contracts/audit';
import { AUDIT_OPERATIONS, AUDIT_REFUSED, auditRuleOf } from '@saas-codex/contracts/audit-operations';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { inWords } from '../../shared/lib/open-enums.js';
import { Button } from '../../shared/ui/button.js';

/** What the page filters by. Dates are days of the browser's time zone, both included. */
export interface AuditFilterChoice {
  kind: string;
  outcome: '' | 'done' | 'refused';
  from: string;
  to: string;
  /** Only what this person, service account or part of the system did. */
  actor?: { id: string; name: string } | undefined;
  /** Only what was done to this. */
  target?: { id: string; name: string } | undefined;
}

/** `api_key.created` as `API key created`. */
export const auditWords = (text: string): string => inWords(text).replace(/^Api\b/, 'API');

export const NO_FILTER: AuditFilterChoice = { kind: '', outcome: '', from: '', to: '' };

/** The kinds of actions: what stands before the dot. */
const KINDS = [
  ...new Set(
    [
      ...Object.keys(AUDIT_OPERATIONS).flatMap((id) => auditRuleOf(id)?.action ?? []),
      ...Object.values(AUDIT_REFUSED),
    ].map((action) => action.split('.')[0] ?? ''),
  ),
].toSorted();

/** `2026-11-23` as the beginning of that day here; later by so many days. undefined: not a whole date. */
function dayStart(day: string, later = 0): string | undefined {
  const start = new Date(`${day}T00:00`);
  start.setDate(start.getDate() + later);
  return Number.isNaN(start.getTime()) ? undefined : start.toISOString();
}

export const toAuditFilters = ({
  kind,
  outcome,
  from,
  to,
  actor,
  target,
}: AuditFilterChoice): AuditFilters => ({
  action: kind || undefined,
  outcome: outcome || undefined,
  from: dayStart(from),
  to: dayStart(to, 1),
  actor: actor?.id,
  target: target?.id,
});

const FIELD =
  'h-8 w-full min-w-0 rounded-lg border border-input bg-background px-2 text-sm outline-none focus:border-accent focus:ring-2 focus:ring-ring/30 pointer-coarse:h-11';

const Labelled = ({ label, children }: { label: string; children: ReactNode }) => (
  <label className="min-w-0">
    <span className="mb-1 block text-xs font-medium">{label}</span>
    {children}
  </label>
);

interface AuditFilterBarProps {
  choice: AuditFilterChoice;
  onChange: (choice: AuditFilterChoice) => void;
}

export function AuditFilterBar({ choice, onChange }: AuditFilterBarProps) {
  const set = (part: Partial<AuditFilterChoice>) => onChange({ ...choice, ...part });
  return (
    <div className="mb-4">
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Labelled label="What">
          <select
            value={choice.kind}
            onChange={({ target }) => set({ kind: target.value })}
            className={FIELD}
          >
            <option value="">Everything</option>
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {auditWords(kind)}
              </option>
            ))}
          </select>
        </Labelled>
        <Labelled label="Outcome">
          <select
            value={choice.outcome}
            onChange={({ target }) => set({ outcome: target.value as AuditFilterChoice['outcome'] })}
            className={FIELD}
          >
            <option value="">Any</option>
            <option value="done">Done</option>
            <option value="refused">Refused</option>
          </select>
        </Labelled>
        <Labelled label="From">
          <input
            type="date"
            value={choice.from}
            max={choice.to || undefined}
            onChange={({ target }) => set({ from: target.value })}
            className={FIELD}
          />
        </Labelled>
        <Labelled label="To">
          <input
            type="date"
            value={choice.to}
            min={choice.from || undefined}
            onChange={({ target }) => set({ to: target.value })}
            className={FIELD}
          />
        </Labelled>
      </div>
      {(choice.actor || choice.target) && (
        <div className="mt-3 flex flex-wrap gap-2">
          {choice.actor && (
            <Chosen name={`By ${choice.actor.name}`} onRemove={() => set({ actor: undefined })} />
          )}
          {choice.target && (
            <Chosen name={`On ${choice.target.name}`} onRemove={() => set({ target: undefined })} />
          )}
        </div>
      )}
    </div>
  );
}

const Chosen = ({ name, onRemove }: { name: string; onRemove: () => void }) => (
  <Button size="sm" className="max-w-full" aria-label={`Remove the filter: ${name}`} onClick={onRemove}>
    <span className="truncate">{name}</span>
    <X aria-hidden className="size-3.5 shrink-0" />
  </Button>
);
