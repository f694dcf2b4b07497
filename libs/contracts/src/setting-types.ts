/**
 * What a setting can be. Every setting is an environment variable: a text that one of these types parses. A type has
 * two halves that must agree: the schema that parses the text, and words that complete "it must be …".
 *
 *     integer(1, 64)  ─► MAX_CONCURRENT_RUNS is too large: it must be an integer from 1 to 64.
 *
 * A refusal never repeats the value: a key may have been pasted into the wrong line.
 */
import { z } from 'zod';
import { BranchPattern } from './branch-pattern.js';
import { readLimits } from './limits.js';
import { ROLES } from './permissions.js';

export interface SettingType<S extends z.ZodType = z.ZodType> {
  schema: S;
  /** Completes "it must be …". */
  allowed: string;
}

type Issue = Parameters<z.core.$ZodErrorMap>[0];

function problem({ code, origin, expected }: Pick<Issue, 'code'> & { origin?: unknown; expected?: unknown }) {
  const isText = origin === 'string';
  if (code === 'too_small') return isText ? 'is too short' : 'is too small';
  if (code === 'too_big') return isText ? 'is too long' : 'is too large';
  if (code === 'invalid_type') return expected === 'int' ? 'is not an integer' : 'is not a number';
  if (code === 'invalid_value') return 'is not a known value';
  return 'is not valid';
}
const mustBe = (allowed: string) => ({ error: (issue: Issue) => `${problem(issue)}: it must be ${allowed}` });

export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  const refusal = mustBe(allowed);
  return { allowed, schema: z.coerce.number(refusal).int(refusal).min(min, refusal).max(max, refusal) };
}

export function number(min: number, max: number) {
  const allowed = `a number from ${min} to ${max}`;
  const refusal = mustBe(allowed);
  return { allowed, schema: z.coerce.number(refusal).min(min, refusal).max(max, refusal) };
}

export function positiveNumber(max: number) {
  const allowed = `a number above 0 and up to ${max}`;
  const refusal = mustBe(allowed);
  return { allowed, schema: z.coerce.number(refusal).positive(refusal).max(max, refusal) };
}

export function text(max?: number) {
  const allowed = max === undefined ? 'any text' : `a text of at most ${max} characters`;
  const refusal = mustBe(allowed);
  const schema = z.string(refusal).min(1, refusal);
  return { allowed, schema: max === undefined ? schema : schema.max(max, refusal) };
}

/** A file or folder, absolute or not. */
export function path() {
  const allowed = 'a path';
  const refusal = mustBe(allowed);
  return { allowed, schema: z.string(refusal).min(1, refusal) };
}

export function oneOf<const V extends readonly [string, ...string[]]>(values: V) {
  const allowed = `one of ${values.join(', ')}`;
  return { allowed, schema: z.enum(values, mustBe(allowed)) };
}

/** Name of a branch with places for what each session has of its own. */
export function branchPattern() {
  const allowed =
    'the name of a branch with {id} in it, and {title} and {person} if you like, such as codex/{title}-{id}';
  return {
    allowed,
    schema: z
      .string(mustBe(allowed))
      .refine((text) => BranchPattern.safeParse(text).success, mustBe(allowed)),
  };
}

/** A secret that is long enough not to be guessed. */
export function secret() {
  const allowed = 'a secret of at least 32 characters';
  const refusal = mustBe(allowed);
  return { allowed, schema: z.string(refusal).min(32, refusal) };
}

/** Secrets that are long enough not to be guessed, the current one first. */
export function masterKeys() {
  const allowed = 'one or more secrets of at least 32 characters, separated by commas';
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((list) => list.split(/[\s,]+/).filter((key) => key !== ''))
      .pipe(z.array(z.string().min(32, refusal)).min(1, refusal)),
  };
}

const url = (protocol: RegExp, allowed: string) => ({
  allowed,
  schema: z.url({ protocol, ...mustBe(allowed) }),
});
export const postgresUrl = () =>
  url(/^postgres(ql)?$/, 'a postgres:// address, such as postgres://user:password@host:5432/name');
export const redisUrl = () =>
  url(/^rediss?$/, 'a redis:// or rediss:// address, such as redis://:password@host:6379');
export const smtpUrl = () =>
  url(/^smtps?$/, 'an smtp:// or smtps:// address, such as smtps://user:password@mail.example.org:465');
export const httpUrl = (example: string) =>
  url(/^https?$/, `an http:// or https:// address, such as ${example}`);

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** An OpenID provider. Without TLS anybody on the way could sign in as anybody, so plain http is for this machine only. */
export function issuerUrl(example: string) {
  const allowed = `an https:// address (http:// only on this machine), such as ${example}`;
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      // Without the rest of the checks, which need an address.
      .url({ protocol: /^https?$/, abort: true, ...refusal })
      .refine((given) => given.startsWith('https:') || LOOPBACK.test(new URL(given).hostname), refusal),
  };
}

/** Domains of mail, without the domains below them. */
export function mailDomains(example: string) {
  const allowed = `domains separated by commas, such as ${example}`;
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((list) => listed(list).map((domain) => domain.toLowerCase()))
      .pipe(z.array(z.string().regex(/^[a-z\d-]+(\.[a-z\d-]+)*$/, refusal))),
  };
}

/** Names as another system writes them; upper and lower case count. */
export function names(example: string) {
  const allowed = `names separated by commas, such as ${example}`;
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform(listed)
      .pipe(z.array(z.string().min(1, refusal))),
  };
}

/** Who is an owner is decided in the organisation. */
const MAPPED_ROLES = ROLES.filter((role) => role !== 'owner');

/** Pairs in order: `group=role`. They stay texts, since launchers hand settings on as they were read; `groupRole` reads one. */
export function groupRoles(example: string) {
  const allowed = `group=role pairs separated by commas, such as ${example}, with the roles ${MAPPED_ROLES.join(', ')}`;
  const refusal = mustBe(allowed);
  const pair = new RegExp(`^\\S.*=\\s*(${MAPPED_ROLES.join('|')})$`);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform(listed)
      .pipe(z.array(z.string().regex(pair, refusal))),
  };
}

/** A pair of `groupRoles`. The name of a group may contain `=`. */
export function groupRole(pair: string) {
  const at = pair.lastIndexOf('=');
  const named = pair.slice(at + 1).trim();
  return { group: pair.slice(0, at).trim(), role: MAPPED_ROLES.find((role) => role === named) ?? 'member' };
}

/** An address of mail, with or without a name. */
export function mailbox(example: string) {
  const allowed = `an address of mail, such as ${example}`;
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z.string(refusal).regex(/^([^<>\r\n]+<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, refusal),
  };
}

/** An address to which paths are appended: without the final slash. */
export function baseUrl(example: string) {
  const { allowed, schema } = httpUrl(example);
  return { allowed, schema: schema.transform((address) => address.replace(/\/+$/, '')) };
}

/** Addresses of a service's replicas; their paths do not count. */
export function replicaUrls(example: string) {
  const allowed = `one or more http:// or https:// addresses separated by commas, such as ${example}`;
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((list) => list.split(',').map((address) => address.trim()))
      .pipe(z.array(z.url({ protocol: /^https?$/, ...refusal })))
      .transform((addresses) => addresses.map((address) => new URL(address))),
  };
}

/** Services that share a folder must give it one spelling, so `..`, `.` and doubled slashes are resolved. */
export function absolutePath() {
  const allowed = 'an absolute path';
  const refusal = mustBe(allowed);
  return { allowed, schema: z.string(refusal).startsWith('/', refusal).transform(normalisePath) };
}

/** Folders, in the order in which programs are looked for. */
export function absolutePaths(example: string) {
  const allowed = `absolute paths separated by commas, such as ${example}`;
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((list) => listed(list))
      .pipe(z.array(z.string().startsWith('/', refusal).transform(normalisePath))),
  };
}

function normalisePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const listed = (list: string) => list.split(',').flatMap((entry) => entry.trim() || []);

/** `host` stands for every port, `host:port` for one; an IPv6 address stands in brackets. */
export function hosts() {
  const allowed = 'hosts separated by commas, such as git.example.org, 10.0.0.1:8080';
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((list) => listed(list).map((host) => host.toLowerCase()))
      .pipe(z.array(z.string().regex(/^[\w.:[\]-]+$/, refusal))),
  };
}

/** Names that Express has for groups of addresses. */
const ADDRESS_GROUPS = ['loopback', 'linklocal', 'uniquelocal'];
const Proxy = z.union([z.enum(ADDRESS_GROUPS), z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** As Express's `trust proxy` takes it: a number of proxies or their addresses. */
export function proxies() {
  const allowed = 'a number of proxies up to 9, or their addresses separated by commas, such as 10.0.0.0/8';
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((given) => (/^\d$/.test(given) ? Number(given) : listed(given)))
      .refine(
        (given) => typeof given === 'number' || given.every((proxy) => Proxy.safeParse(proxy).success),
        refusal,
      ),
  };
}

/** A proxy, with its user name and password if it wants them. */
export const proxyUrl = () =>
  url(/^https?$/, 'an http:// or https:// address of a proxy, such as http://proxy.example.org:3128');

/** Hosts that are reached without a proxy, as most programs read them. */
export function noProxyHosts() {
  const allowed =
    'hosts separated by commas, each with the hosts below it, or networks, or *, such as .example.org, 10.0.0.0/8';
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((list) => listed(list).map((host) => host.toLowerCase()))
      .pipe(z.array(z.string().regex(/^(\*|[\w.:[\]*-]+(\/\d{1,3})?)$/, refusal))),
  };
}

/** Limits as `readLimits` reads them. */
export function limits() {
  const allowed =
    'limits separated by commas, such as tenant.usd_per_month=500, person.tokens_per_day=5000000, run.usd=2.50';
  const refusal = mustBe(allowed);
  return {
    allowed,
    schema: z
      .string(refusal)
      .transform((list) => listed(list).map((entry) => entry.replace(/\s/g, '')))
      .refine((entries) => readLimits(entries) !== null, refusal),
  };
}

/** A setting that has a value when it is left blank. */
export const withDefault = <S extends z.ZodType>(
  { schema, allowed }: SettingType<S>,
  value: z.core.util.NoUndefined<z.output<S>>,
) => ({ schema: schema.default(value), allowed, default: String(value) });

/**
 * A setting that may stay blank.
 * @param unset what happens then
 */
export const optional = <S extends z.ZodType>({ schema, allowed }: SettingType<S>, unset: string) => ({
  schema: schema.optional(),
  allowed,
  unset,
});

/**
 * A setting that a service does not start without.
 * @param unset where its value comes from when a person leaves it blank
 */
export const required = <S extends z.ZodType>({ schema, allowed }: SettingType<S>, unset: string) => ({
  schema,
  allowed,
  unset,
  required: true as const,
});

export type ParsedSettings<T> = { settings: T } | { mistakes: string[] };

/**
 * Reads settings from an environment. Blank variables count as unset, so that a line left blank in `.env` means the
 * default.
 * @returns the settings, or one sentence per setting that is wrong
 */
export function parseSettings<S extends z.ZodObject>(
  schema: S,
  environment: Record<string, string | undefined>,
): ParsedSettings<z.infer<S>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const result = schema.safeParse(given);
  if (result.success) return { settings: result.data };
  const mistakes = new Map<string, string>();
  for (const { path, message } of result.error.issues) {
    const name = String(path[0]);
    const sentence = given[name] === undefined ? `${name} is not set.` : `${name} ${message}.`;
    if (!mistakes.has(name)) mistakes.set(name, sentence);
  }
  return { mistakes: [...mistakes.values()] };
}
