import { SCIM_SCHEMAS, type PatchScimUser } from '@saas-codex/contracts/scim';
import { ScimFailure } from './scim-failure.js';
import type { ScimFilter } from './scim-user-store.js';

/** What a directory may change of somebody. */
export interface ScimChange {
  active?: boolean;
  /** Null: it has no name for them any more. */
  externalId?: string | null;
}

const FILTER = /^\s*([\w:.]+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i;
const FILTERED = new Map<string, keyof ScimFilter>([
  ['username', 'email'],
  ['emails.value', 'email'],
  ['emails', 'email'],
  ['externalid', 'externalId'],
  ['id', 'id'],
]);

/** @throws ScimFailure invalidFilter */
export function readFilter(filter: string | undefined): ScimFilter {
  if (filter === undefined) return {};
  const [, attribute = '', quoted = ''] = FILTER.exec(filter) ?? [];
  const field = FILTERED.get(plainName(attribute));
  const value = field && textOf(quoted);
  if (!field || value === undefined) {
    throw new ScimFailure(
      'invalid_request',
      'invalidFilter',
      'Filter by userName, externalId, id or emails.value, with eq and a text in quotes: userName eq "ada@example.org".',
    );
  }
  return { [field]: field === 'email' ? value.trim().toLowerCase() : value };
}

/** Not every text in quotes is one of JSON. */
function textOf(quoted: string): string | undefined {
  try {
    const text: unknown = JSON.parse(quoted);
    return typeof text === 'string' && !text.includes('\0') ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Operations as Okta sends them, without a path and with an object, and as Entra ID does, with a path, `Replace` and "False".
 * Attributes that are not the directory's to change are ignored, as the standard says of read-only ones.
 * @throws ScimFailure invalidValue, noTarget
 */
export function readPatch({ Operations }: PatchScimUser): ScimChange {
  return Operations.reduce<ScimChange>((change, { op, path, value }) => {
    if (path) return { ...change, ...readAttribute(plainName(path), op === 'remove' ? null : value) };
    if (op === 'remove' || typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ScimFailure(
        'invalid_request',
        'noTarget',
        'Name the attribute in `path`, or send an object of attributes as `value`.',
      );
    }
    const changes = Object.entries(value).map(([name, given]) => readAttribute(plainName(name), given));
    return Object.assign({}, change, ...changes) as ScimChange;
  }, {});
}

/** `active` as Okta and Entra ID write it. @throws ScimFailure invalidValue */
export function readActive(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw new ScimFailure('invalid_request', 'invalidValue', '`active` must be true or false.');
}

function readAttribute(name: string, value: unknown): ScimChange {
  if (name === 'active') return { active: readActive(value) };
  if (name !== 'externalid') return {};
  if (value === null || value === undefined) return { externalId: null };
  if (typeof value === 'string' && value.length <= 200) return { externalId: value };
  throw new ScimFailure(
    'invalid_request',
    'invalidValue',
    '`externalId` must be a text of at most 200 characters.',
  );
}

/** Upper and lower case do not count in names, and the schema may stand before them. */
function plainName(name: string): string {
  const lower = name.toLowerCase();
  const prefix = `${SCIM_SCHEMAS.user}:`.toLowerCase();
  return lower.startsWith(prefix) ? lower.slice(prefix.length) : lower;
}
