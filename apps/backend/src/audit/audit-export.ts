import type { AuditEntry, AuditFormat } from '@saas-codex/contracts/audit';
import { csvLine } from '../api/csv.js';

export const AUDIT_MEDIA_TYPES: Readonly<Record<AuditFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
};

/** The columns of the CSV. Their names are part of the contract. */
const COLUMNS: Readonly<Record<string, (entry: AuditEntry) => string | number | null>> = {
  at: ({ at }) => at,
  action: ({ action }) => action,
  outcome: ({ outcome }) => outcome,
  problem: ({ problem }) => problem,
  count: ({ count }) => count,
  actor_kind: ({ actor }) => actor.kind,
  actor_id: ({ actor }) => actor.id,
  actor_name: ({ actor }) => actor.name,
  credential_kind: ({ credential }) => credential?.kind ?? null,
  credential_id: ({ credential }) => credential?.id ?? null,
  credential_name: ({ credential }) => credential?.name ?? null,
  address: ({ address }) => address,
  user_agent: ({ user_agent: userAgent }) => userAgent,
  request_id: ({ request_id: requestId }) => requestId,
  target_kind: ({ target }) => target?.kind ?? null,
  target_id: ({ target }) => target?.id ?? null,
  target_name: ({ target }) => target?.name ?? null,
  changes: ({ changes }) => changes && JSON.stringify(changes),
  entry_id: ({ entry_id: id }) => id,
};

/** The lines of an export, page by page. */
export async function* auditLines(
  pages: AsyncIterable<AuditEntry[]>,
  format: AuditFormat,
): AsyncGenerator<string> {
  if (format === 'csv') yield csvLine(Object.keys(COLUMNS));
  for await (const page of pages) yield page.map(format === 'csv' ? csvLineOf : jsonLine).join('');
}

const jsonLine = (entry: AuditEntry): string => `${JSON.stringify(entry)}\n`;

const csvLineOf = (entry: AuditEntry): string =>
  csvLine(Object.values(COLUMNS).map((column) => column(entry)));
