import type { AuditChanges } from '@saas-codex/contracts/audit';

/** Of a text, and of a value that is not a text, in characters of its JSON. */
const MAX = { text: 200, json: 1_000 };
/** Named fields of one entry. */
const MAX_FIELDS = 20;

/** A text that Postgres can store, and not longer than an entry should be. */
export const auditText = (text: string): string => cut(text.replaceAll('\0', ''), MAX.text);

/** What an entry keeps of the values: a few, and each of a bounded size. @returns null when nothing has changed */
export function auditChanges(changes: AuditChanges | undefined): AuditChanges | null {
  const changed = Object.entries(changes ?? {}).filter(
    ([, { old, new: now }]) => JSON.stringify(old) !== JSON.stringify(now),
  );
  if (changed.length === 0) return null;
  return Object.fromEntries(
    changed
      .slice(0, MAX_FIELDS)
      .map(([name, { old, new: now }]) => [auditText(name), { old: bounded(old), new: bounded(now) }]),
  );
}

/** Fields of a body, as new values. */
export function newValues(body: unknown, fields: readonly string[]): AuditChanges {
  if (typeof body !== 'object' || body === null) return {};
  const given = Object.entries(body).filter(([name]) => fields.includes(name));
  return Object.fromEntries(given.map(([name, value]) => [name, { old: null, new: value as unknown }]));
}

/** Of fields that hold a secret, only that they were given. */
export const hiddenValues = (body: unknown, fields: readonly string[]): AuditChanges =>
  Object.fromEntries(
    Object.keys(newValues(body, fields)).map((name) => [name, { old: null, new: 'a new value' }]),
  );

function bounded(value: unknown): unknown {
  if (typeof value === 'string') return auditText(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const json = JSON.stringify(value);
  if (json.length > MAX.json || json.includes(String.raw`\u0000`)) return cut(auditText(json), MAX.json);
  return JSON.parse(json) as unknown;
}

/** Half a character, which Postgres refuses, becomes a replacement character. */
const cut = (text: string, max: number): string =>
  Buffer.from(text.length > max ? `${text.slice(0, max - 1)}…` : text).toString();
