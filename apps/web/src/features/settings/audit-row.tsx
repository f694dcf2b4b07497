import type { AuditEntry } from '@saas-codex/contracts/audit';
import { Badge } from '../../shared/ui/badge.js';
import { Button } from '../../shared/ui/button.js';
import { DisclosureArrow, useDisclosure } from '../../shared/ui/disclosure.js';
import { type AuditFilterChoice, auditWords } from './audit-filters.js';
import { describeBrowser } from './you/describe-browser.js';

interface AuditRowProps {
  entry: AuditEntry;
  onFilter: (part: Partial<AuditFilterChoice>) => void;
}

/** One entry: who did what to which thing; its details below, when it is opened. */
export function AuditRow({ entry, onFilter }: AuditRowProps) {
  const { open, trigger, bodyId } = useDisclosure(`audit ${entry.entry_id}`);
  const subject = targetName(entry);
  return (
    <li>
      <button {...trigger} className="flex w-full items-start gap-2 py-2.5 text-left">
        <DisclosureArrow open={open} className="mt-0.5 size-4 text-muted-foreground" />
        <span className="min-w-0 flex-1 sm:flex sm:gap-4">
          <span className="block min-w-0 flex-1">
            <span className="text-sm [overflow-wrap:anywhere]">
              {auditWords(entry.action)}
              {subject && <span className="text-muted-foreground"> · {subject}</span>}
            </span>{' '}
            {entry.outcome === 'refused' && <Badge tone="warning">Refused</Badge>}{' '}
            {entry.count > 1 && <Badge>{entry.count} times</Badge>}
            <span className="block truncate text-xs text-muted-foreground">{actorName(entry)}</span>
          </span>
          <time dateTime={entry.at} className="block shrink-0 text-xs text-muted-foreground sm:pt-0.5">
            {new Date(entry.at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
          </time>
        </span>
      </button>
      {open && (
        <div id={bodyId} className="pb-3 pl-6">
          <Details entry={entry} />
          <div className="mt-3 flex flex-wrap gap-2">
            {entry.actor.id !== null && (
              <Button
                size="sm"
                onClick={() => onFilter({ actor: { id: entry.actor.id ?? '', name: actorName(entry) } })}
              >
                Only by {actorName(entry)}
              </Button>
            )}
            {entry.target?.id && entry.target.kind !== 'operation' && (
              <Button
                size="sm"
                onClick={() =>
                  onFilter({
                    target: {
                      id: entry.target?.id ?? '',
                      name: subject || auditWords(entry.target?.kind ?? ''),
                    },
                  })
                }
              >
                Only on this{' '}
                {auditWords(entry.target.kind).replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase())}
              </Button>
            )}
          </div>
        </div>
      )}
    </li>
  );
}

function Details({ entry }: { entry: AuditEntry }) {
  const { credential, target, changes } = entry;
  const rows: [string, string | null | undefined][] = [
    ['Time', new Date(entry.at).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' })],
    ['Action', entry.action],
    ['Refused because', entry.problem && auditWords(entry.problem)],
    ['Actor', [auditWords(entry.actor.kind), entry.actor.id].filter(Boolean).join(' · ')],
    [
      'Credential',
      credential && [auditWords(credential.kind), credential.name, credential.id].filter(Boolean).join(' · '),
    ],
    ['Address', entry.address],
    ['Program', entry.user_agent && describeBrowser(entry.user_agent)],
    ['Target', target && [auditWords(target.kind), target.name, target.id].filter(Boolean).join(' · ')],
    ['Request', entry.request_id],
  ];
  return (
    <>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-xs">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name} className="contents">
                <dt className="text-muted-foreground">{name}</dt>
                <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
              </div>
            ),
        )}
      </dl>
      {changes && (
        <ul aria-label="Changes" className="mt-3 space-y-1 rounded-lg bg-muted px-3 py-2 text-xs">
          {Object.entries(changes).map(([name, { old, new: now }]) => (
            <li key={name} className="[overflow-wrap:anywhere]">
              <span className="text-muted-foreground">{auditWords(name)}:</span>{' '}
              {old !== null && (
                <>
                  <del className="text-muted-foreground">{shown(old)}</del> <span aria-hidden>→</span>{' '}
                </>
              )}
              <ins className="no-underline">{shown(now)}</ins>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const shown = (value: unknown): string =>
  value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);

function actorName({ actor }: AuditEntry): string {
  if (actor.kind === 'system') return 'The system';
  if (actor.kind === 'visitor') return 'Somebody who was not signed in';
  return actor.name ?? actor.id ?? 'Unknown';
}

/** Of what a person does to their own account, the actor says it already. */
function targetName({ target, actor }: AuditEntry): string | null {
  if (!target || target.id === actor.id) return null;
  return target.name ?? (target.kind === 'operation' ? target.id : null);
}
