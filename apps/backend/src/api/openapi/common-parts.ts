import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { API_VERSIONS, HEADERS } from '@saas-codex/contracts/http';
import { type ProblemCode, PROBLEMS } from '@saas-codex/contracts/problems';
import { SCIM_MEDIA_TYPE, SCIM_PATH } from '@saas-codex/contracts/scim';
import { OWN_PROBLEMS } from '../problems.decorator.js';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Parameters = NonNullable<Operation['parameters']>;
type Response = Exclude<NonNullable<Operation['responses'][string]>, { $ref: string }>;

/** Adds what every operation has in common, so that controllers need not repeat it: headers and problems. */
export function addCommonParts(method: string, path: string, operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response && 'description' in response) response.description ||= STATUS_CODES[status] ?? '';
  }
  const codes = [...takeOwnProblems(operation), ...commonProblems(method, path, operation)];
  for (const [status, ofStatus] of groupByStatus(codes)) {
    operation.responses[status] = problem(
      path,
      ofStatus.map((code) => `- \`${code}\`: ${PROBLEMS[code].title}`).join('\n'),
    );
  }
  operation.responses.default = problem(path, 'Another problem, named by its `code`');
  operation.parameters = [
    ...withHeaderNames(operation.parameters ?? []),
    ...(takesKey(method, operation) ? [ref('parameters/IdempotencyKey')] : []),
    ...(isApi(path) ? [ref('parameters/ApiVersion')] : []),
  ];
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || !('description' in response)) continue;
    const headers = {
      ...response.headers,
      ...headersOf(method, path, status, response),
      ...((status === '201' || status === '202') && { Location: LOCATION }),
      ...(takesKey(method, operation) && status.startsWith('2') && { 'Idempotent-Replayed': REPLAYED }),
    };
    if (Object.keys(headers).length > 0) response.headers = headers;
  }
}

const isApi = (path: string): boolean => path.startsWith('/api/');
const ref = (place: string) => ({ $ref: `#/components/${place}` });

/** Nest lists a header twice, in lower case as the controller reads it, and as it is described. Keeps the described one. */
function withHeaderNames(parameters: Parameters): Parameters {
  const described = new Map<string, Parameters[number]>();
  for (const parameter of parameters) {
    if ('$ref' in parameter) continue;
    const key = `${parameter.in} ${parameter.name.toLowerCase()}`;
    if (parameter.description !== undefined || !described.has(key)) described.set(key, parameter);
  }
  return [...described.values()];
}

/** Problems have the headers of other answers, too; they are described where they matter. */
function headersOf(method: string, path: string, status: string, { content = {} }: Response) {
  const isSuccess = status.startsWith('2');
  const names = [
    ...(isSuccess ? ['X-Request-Id'] : []),
    ...(isSuccess && isApi(path) ? [headerName(HEADERS.apiVersion)] : []),
    ...((isSuccess && isApi(path)) || status === '429' ? RATE_LIMIT_HEADERS : []),
    ...(method === 'get' && isSuccess && 'application/json' in content ? ['ETag'] : []),
    ...(status === '429' || status === '503' ? ['Retry-After'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, ref(`headers/${name}`)]));
}

const LOCATION = { description: 'Where to read it', schema: { type: 'string', format: 'uri-reference' } };
const REPLAYED = {
  description: '`true`: the saved answer to an earlier request with the same `Idempotency-Key`',
  schema: { type: 'string', enum: ['true'] },
};

function takeOwnProblems(operation: Operation): ProblemCode[] {
  const extended = operation as Operation & { [OWN_PROBLEMS]?: ProblemCode[] };
  const codes = extended[OWN_PROBLEMS] ?? [];
  delete extended[OWN_PROBLEMS];
  return codes;
}

function commonProblems(method: string, path: string, operation: Operation): ProblemCode[] {
  const isSafe = method === 'get';
  const hasInput = (operation.parameters ?? []).length > 0;
  const codes: [ProblemCode, boolean][] = [
    // Every write reads the body, if only to refuse it.
    ['invalid_request', hasInput || !isSafe],
    ['api_version_unknown', isApi(path)],
    ['unauthenticated', !isPublic(operation)],
    ['origin_forbidden', !isSafe],
    ['not_acceptable', hasContent(operation)],
    ['idempotency_in_progress', takesKey(method, operation)],
    ['payload_too_large', !isSafe],
    ['unsupported_media_type', !isSafe],
    ['idempotency_key_reused', takesKey(method, operation)],
    ['rate_limited', isApi(path)],
    ['store_unavailable', isApi(path)],
  ];
  return codes.flatMap(([code, applies]) => (applies ? [code] : []));
}

const hasContent = ({ responses }: Operation): boolean =>
  Object.entries(responses).some(
    ([status, response]) => status.startsWith('2') && response && 'content' in response,
  );

/** Only public routes have a `security` of their own, which is empty. */
const isPublic = (operation: Operation): boolean => operation.security !== undefined;

const takesKey = (method: string, operation: Operation): boolean => method === 'post' && !isPublic(operation);

function groupByStatus(codes: ProblemCode[]): Map<number, ProblemCode[]> {
  const groups = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

/** `idempotency-key` → `Idempotency-Key` */
function headerName(lowerCase: string): string {
  return lowerCase.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}

/** Of SCIM, what is refused before its route is reached is a problem document, too. */
const problem = (path: string, description: string): Response => ({
  description,
  content: {
    ...(path.startsWith(SCIM_PATH) && { [SCIM_MEDIA_TYPE]: { schema: ref('schemas/ScimError') } }),
    'application/problem+json': { schema: ref('schemas/Problem') },
  },
});

const integer = (description: string) => ({ description, schema: { type: 'integer' } });
const text = (description: string) => ({ description, schema: { type: 'string' } });
const RATE_LIMIT_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'];
const version = { type: 'string', enum: [...API_VERSIONS] };

/** What the operations refer to. */
export const COMMON_COMPONENTS = {
  parameters: {
    IdempotencyKey: {
      name: headerName(HEADERS.idempotencyKey),
      in: 'header' as const,
      required: false,
      description: 'Requests with the same key within 24 hours have one effect and get the same answer',
      schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
    },
    ApiVersion: {
      name: headerName(HEADERS.apiVersion),
      in: 'header' as const,
      required: false,
      description: 'The version of the API that the request was written for. Default: the current one',
      schema: version,
    },
  },
  headers: {
    'X-Request-Id': text('The id of this request, in the logs of every service'),
    [headerName(HEADERS.apiVersion)]: { description: 'The version of the answer', schema: version },
    'RateLimit-Limit': integer('Requests that are allowed per minute'),
    'RateLimit-Remaining': integer('Requests that are left until the reset'),
    'RateLimit-Reset': integer('Seconds until the limit is full again'),
    'Retry-After': integer('Seconds to wait before the next attempt'),
    ETag: text('A strong tag of this representation, for `If-None-Match` and, where it is taken, `If-Match`'),
  },
};
