import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { type ProblemCode, PROBLEMS } from '@saas-codex/contracts/problems';
import { OWN_PROBLEMS } from '../problems.decorator.js';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<NonNullable<Operation['responses'][string]>, { $ref: string }>;

/** Adds what every operation has in common, so that controllers need not repeat it: idempotency keys and problems. */
export function addCommonParts(method: string, path: string, operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response && 'description' in response) response.description ||= STATUS_CODES[status] ?? '';
  }
  const codes = [...takeOwnProblems(operation), ...commonProblems(method, path, operation)];
  for (const [status, ofStatus] of groupByStatus(codes)) {
    operation.responses[status] = problem(
      ofStatus.map((code) => `- \`${code}\`: ${PROBLEMS[code].title}`).join('\n'),
    );
  }
  operation.responses.default = problem('Another problem, named by its `code`');
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || !('description' in response)) continue;
    const headers = {
      ...response.headers,
      ...((status === '201' || status === '202') && { Location: LOCATION }),
      ...(takesKey(method, operation) && status.startsWith('2') && { 'Idempotent-Replayed': REPLAYED }),
    };
    if (Object.keys(headers).length > 0) response.headers = headers;
  }
  if (takesKey(method, operation)) operation.parameters = [...(operation.parameters ?? []), idempotencyKey()];
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
  const hasInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
  const codes: [ProblemCode, boolean][] = [
    ['invalid_request', hasInput],
    ['unauthenticated', !isPublic(operation)],
    ['origin_forbidden', !isSafe],
    ['idempotency_in_progress', takesKey(method, operation)],
    ['payload_too_large', operation.requestBody !== undefined],
    ['unsupported_media_type', operation.requestBody !== undefined],
    ['idempotency_key_reused', takesKey(method, operation)],
    ['rate_limited', path.startsWith('/api/')],
    ['store_unavailable', path.startsWith('/api/')],
  ];
  return codes.flatMap(([code, applies]) => (applies ? [code] : []));
}

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

const problem = (description: string): Response => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const idempotencyKey = () => ({
  name: HEADERS.idempotencyKey,
  in: 'header' as const,
  required: false,
  description: 'Requests with the same key within 24 hours have one effect and get the same answer',
  schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
});
