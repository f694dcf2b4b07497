import fc from 'fast-check';
import { type Ids, type Operation, OPERATIONS } from '../backend/operations.js';
import { oddValues, type Schema, valuesOf } from './schema-values.js';

/** What the fuzzer uses of an operation in the OpenAPI document. */
export interface DocumentedOperation {
  operationId: string;
  parameters?: { $ref?: string; in?: string; name?: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema?: Schema }> } | undefined
  >;
}
export interface ApiDocument {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, Schema> };
}

export interface FuzzedRequest {
  operation: Operation;
  method: string;
  /** With the query, as it is sent: percent-encoding may be wrong on purpose. */
  path: string;
  headers: Record<string, string | string[]>;
  body?: string | Buffer;
}

interface FuzzedFrom {
  document: ApiDocument;
  operations: Operation[];
  /** What the caller's tenant has. */
  ours: Ids;
  /** What another tenant has. */
  theirs: Ids;
}

const often = <T>(usual: fc.Arbitrary<T>, weight: number, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** Most requests are valid but for one thing, so that they get past the first check. */
export function fuzzedRequests(from: FuzzedFrom): fc.Arbitrary<FuzzedRequest> {
  return fc.oneof(...from.operations.map((operation) => requestsOf(operation, from)));
}

function requestsOf(operation: Operation, from: FuzzedFrom): fc.Arbitrary<FuzzedRequest> {
  const documented = from.document.paths[operation.path]?.[operation.method.toLowerCase()];
  if (!documented) throw new Error(`The document has no ${operation.id}.`);
  return fc
    .tuple(
      often(
        fc.constant(operation.method),
        40,
        fc.constantFrom('PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'),
      ),
      paths(operation, from),
      queries(documented, operation, from),
      headers(from),
      bodies(documented, operation, from),
    )
    .map(([method, path, query, sent, { body, type }]) => ({
      operation,
      method,
      path: path + query,
      headers: { ...(type !== undefined && { 'content-type': type }), ...sent },
      ...(body !== undefined && { body }),
    }));
}

const ODD_SEGMENTS = ['1', '%00', '%zz', '..', '%2e%2e%2f', '%ff', 'x'.repeat(3_000), 'null', '*'];

function paths({ path }: Operation, { ours, theirs }: FuzzedFrom): fc.Arbitrary<string> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as keyof Ids);
  const segment = (name: keyof Ids) =>
    fc.oneof(
      { weight: 14, arbitrary: fc.constant(ours[name]) },
      { weight: 4, arbitrary: fc.constant(theirs[name]) },
      { weight: 1, arbitrary: fc.constantFrom(...Object.values(ours as unknown as Record<string, string>)) },
      { weight: 1, arbitrary: fc.constant(ours[name].toUpperCase()) },
      { weight: 1, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_SEGMENTS) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).map(encode) },
    );
  const filled = fc
    .record(Object.fromEntries(names.map((name) => [name, segment(name)])))
    .map((values) => path.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name])));
  return often(
    filled,
    60,
    fc.tuple(filled, fc.constantFrom('/', '//', '/x', '%2f', ';x=1', '.json')).map((parts) => parts.join('')),
  );
}

function queries(
  { parameters = [] }: DocumentedOperation,
  { id }: Operation,
  { document, ours, theirs }: FuzzedFrom,
): fc.Arbitrary<string> {
  const source = sourceOf({ document, ours, theirs });
  const own = OPERATIONS[id]?.query;
  const example = [own?.(ours), own?.(theirs)].filter((text) => text !== undefined);
  const known = parameters.filter((one) => one.in === 'query' && one.name !== undefined);
  const pair = fc.oneof(
    ...known.map(({ name = '', schema = {} }) =>
      fc
        .tuple(fc.constant(name), valuesOf(schema, source, 3))
        .map(
          ([key, value]) =>
            `${key}=${typeof value === 'string' ? encode(value) : encode(JSON.stringify(value))}`,
        ),
    ),
    fc.constantFrom(
      'unknown=1',
      '',
      '=',
      '&',
      'limit=1&limit=2',
      'a[]=1',
      'a[b][c]=1',
      'cursor[]=x',
      '%zz=1',
      'q=%ff',
      'limit',
    ),
  );
  const some = fc
    .array(pair, { maxLength: 4 })
    .map((pairs) => (pairs.length > 0 ? `?${pairs.join('&')}` : ''));
  // The same key twice.
  const twice = some.map((query) => (query ? `${query}&${query.slice(1)}` : ''));
  const usual = fc.constantFrom('', ...example.map((text) => `?${text}`));
  return fc.oneof(
    { weight: known.length > 0 || example.length > 0 ? 3 : 12, arbitrary: usual },
    { weight: 3, arbitrary: some },
    { weight: 1, arbitrary: twice },
  );
}

/** Headers that no caller needs, and that must not decide who the caller is. */
function headers({ ours, theirs }: FuzzedFrom): fc.Arbitrary<Record<string, string | string[]>> {
  const latin = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 40,
  });
  const one = (name: string, ...values: (string | string[])[]) =>
    fc.constantFrom(...values).map((value) => ({ [name]: value }));
  const odd: fc.Arbitrary<Record<string, string | string[]>> = fc.oneof(
    one('idempotency-key', 'again', 'again', '', 'x'.repeat(300), ' ', '"a"', 'é'),
    latin.map((value) => ({ 'idempotency-key': value })),
    one('if-match', '*', '"x"', 'W/"x"', '"', '""', 'x, y', '"x'.repeat(500)),
    one('if-none-match', '*', '"x"', 'W/"x"', '"'),
    one('if-modified-since', 'x', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT'),
    one('range', 'bytes=0-1', 'bytes=5-1', 'bytes=-1', 'bytes=99999999-', 'x=1'),
    one(
      'accept',
      '*/*',
      'text/html',
      'application/json',
      'text/event-stream',
      'text/csv',
      ';q=x',
      '',
      'a/b;q=0',
    ),
    one('prefer', 'respond-async', 'wait=0', 'wait=-1', 'wait=x', 'return=minimal', ','),
    one('last-event-id', '1-0', '0-0', '9'.repeat(30), '-1', 'x', '1-0-0', ''),
    one('saas-codex-version', '1', '0', 'x', '2026-01-01', ''),
    one('x-forwarded-for', '127.0.0.1', 'x', '1.2.3.4, 5.6.7.8', '::1'),
    one('x-forwarded-proto', 'https', 'x'),
    one('x-http-method-override', 'DELETE', 'x'),
    one('x-tenant-id', theirs.tenant_id, 'x'),
    one('x-user-id', theirs.user_id, ours.user_id),
    one('x-request-id', 'x'.repeat(300), 'a b', 'é'),
    one('traceparent', '00-0-0-0', 'x', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    one('accept-language', 'de', '*', 'x'.repeat(100)),
    one('content-encoding', 'gzip', 'br', 'x'),
    one('origin', 'https://elsewhere.example', 'null'),
    one('expect', 'x'),
    one('sec-fetch-site', 'cross-site', 'same-origin'),
    one('x-long', 'x'.repeat(8_000)),
    latin.map((value) => ({ 'x-any': value })),
  );
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant({ prefer: 'respond-async' }) },
    { weight: 4, arbitrary: odd.map((some) => ({ prefer: 'respond-async', ...some })) },
    { weight: 1, arbitrary: fc.tuple(odd, odd).map(([a, b]) => ({ prefer: 'respond-async', ...a, ...b })) },
  );
}

interface SentBody {
  body?: string | Buffer;
  /** Of the content; undefined: the request does not say. */
  type?: string;
}

function bodies(
  { requestBody }: DocumentedOperation,
  { id, method }: Operation,
  from: FuzzedFrom,
): fc.Arbitrary<SentBody> {
  const schema = requestBody?.content['application/json']?.schema;
  const source = sourceOf(from);
  const example = OPERATIONS[id]?.body;
  const fromSchema: fc.Arbitrary<unknown> = schema ? valuesOf(schema, source) : oddValues;
  const values = example
    ? fc.oneof({ weight: 1, arbitrary: fc.constant(example) }, { weight: 4, arbitrary: fromSchema })
    : fromSchema;
  const json = values.map((value) => JSON.stringify(value) ?? '');
  const as = (type: string) => (body: string | Buffer) => ({ body, type });
  const sent = fc.oneof(
    { weight: 30, arbitrary: json.map(as('application/json')) },
    { weight: 4, arbitrary: malformed(json).map(as('application/json')) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          json,
          fc.constantFrom(
            'text/plain',
            'application/x-www-form-urlencoded',
            'multipart/form-data; boundary=x',
            'application/json; charset=utf-16',
            'application/json; charset=x',
            'application/merge-patch+json',
            'x',
            '',
          ),
        )
        .map(([body, type]) => ({ body, type })),
    },
    { weight: 1, arbitrary: json.map((body) => ({ body })) },
    { weight: 1, arbitrary: fc.constant({}) },
  );
  if (schema) return sent;
  // These take no body.
  const none: fc.Arbitrary<SentBody> = fc.constant(method === 'GET' ? {} : { type: 'application/json' });
  return often(none, 15, sent);
}

const malformed = (json: fc.Arbitrary<string>): fc.Arbitrary<string | Buffer> =>
  fc.oneof(
    fc
      .tuple(json, fc.nat({ max: 100 }))
      .map(([text, at]) => text.slice(0, Math.floor((text.length * at) / 100))),
    json.map((text) => `${text},`),
    json.map((text) => `\ufeff${text}`),
    json.map((text) => Buffer.from(text, 'utf16le')),
    json.map((text) => text.replace('{', '{"__proto__":{"role":"owner"},"constructor":1,')),
    json.map((text) => text.replace('{', '{"name":1,"name":"x","title":"a","title":"b",')),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(
      '',
      '""',
      'null',
      '[]',
      '1',
      'NaN',
      '{"a":1e999}',
      '{"title":"\\ud800"}',
      '['.repeat(50_000),
    ),
    fc.constant(`{"title":"${'x'.repeat(1_100_000)}"}`),
  );

const sourceOf = ({ document, ours, theirs }: Omit<FuzzedFrom, 'operations'>) => ({
  schemas: document.components.schemas,
  ids: [
    ...Object.values(ours as unknown as Record<string, string>),
    ...Object.values(theirs as unknown as Record<string, string>),
  ],
});

/** encodeURIComponent, which refuses lone surrogates. */
const encode = (text: string): string => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
