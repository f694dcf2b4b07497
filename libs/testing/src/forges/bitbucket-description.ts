import { createRequire } from 'node:module';
import type { Bitbucket as BitbucketClient } from 'bitbucket';

/* What the client that is made from Bitbucket's published description knows of its operations: paths, and types of parameters. */

interface Parameter {
  type?: string;
  enum?: string[];
  required?: boolean;
}
interface Operation {
  method: string;
  /** As the description writes it: `/repositories/{workspace}/{repo_slug}`. */
  path: string;
  pattern: RegExp;
  names: string[];
  parameters: Record<string, Parameter>;
}
interface Registered {
  method: string;
  url?: string;
  request?: { validate?: Record<string, Parameter> };
}

/** Every list takes them. The description says so once, in its text. */
const OF_LISTS = ['q', 'sort', 'fields', 'page', 'pagelen'];

const { Bitbucket } = createRequire(import.meta.url)('bitbucket') as { Bitbucket: typeof BitbucketClient };

const OPERATIONS: readonly Operation[] = Object.values(
  new Bitbucket({ notice: false }) as unknown as Record<string, object>,
).flatMap((group) =>
  Object.values(group as Record<string, { endpoint?: { DEFAULTS: Registered } } | undefined>).flatMap(
    (one) => (one?.endpoint?.DEFAULTS.url === undefined ? [] : toOperation(one.endpoint.DEFAULTS)),
  ),
);

function toOperation({ method, url = '', request }: Registered): Operation {
  const path = url.replace(/\{\?.*\}$/, '');
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name);
  const text = path.replaceAll(/\{[^}]+\}/g, '([^/]+)');
  return { method, path, names, pattern: new RegExp(`^${text}$`), parameters: request?.validate ?? {} };
}

/** A request that the description has an operation for. */
interface DescribedCall {
  /** `GET /repositories/{workspace}`. */
  operation: string;
  /** Those of the path. */
  params: Record<string, string>;
}

/** @param path below the API @returns why it is wrong, or which operation it is */
export function describedCall(method: string, path: string, query: URLSearchParams): DescribedCall | string {
  const fitting = OPERATIONS.filter((one) => one.method === method && one.pattern.test(path));
  const [found] = fitting.toSorted((a, b) => a.names.length - b.names.length);
  if (!found) return 'no such operation';
  const values = (found.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
  const params = Object.fromEntries(found.names.map((name, i) => [name, values[i] ?? '']));
  const given = [...Object.entries(params), ...query];
  for (const [name, value] of given) {
    const known = found.parameters[name];
    if (!known && !OF_LISTS.includes(name)) return `no parameter ${name}`;
    if (known?.enum && !known.enum.includes(value)) return `${name} is not one of ${known.enum.join(', ')}`;
    if (known?.type === 'integer' && !/^\d+$/.test(value)) return `${name} is no number`;
  }
  return { operation: `${method} ${found.path}`, params };
}
