import { Agent, request } from 'node:http';
import fc from 'fast-check';
import type { Role } from '@saas-codex/contracts/permissions';
import type { Ids } from '../backend/operations.js';
import { MARK, type OperationsWorld } from '../backend/operations-world.js';
import { createTenant } from '../backend/people.js';
import { type Answer, AnswerChecker, typeOf } from './answer-checker.js';
import { type Change, ChangeLog, isAttempt } from './change-log.js';
import { type ApiDocument, type FuzzedRequest, fuzzedRequests } from './fuzzed-requests.js';

export const CALLERS = ['owner', 'admin', 'member', 'viewer', 'program', 'reader', 'nobody'] as const;
type Caller = (typeof CALLERS)[number];

interface Fuzzed {
  requests: number;
  /** Answers by status. */
  statuses: Record<string, number>;
  /** Each kind of breach once, with a request that led to it. */
  breaches: string[];
}

interface Tenant {
  ids: Ids;
  requests: fc.Arbitrary<FuzzedRequest>;
  /** Headers that identify the caller, in several ways. */
  credentials: Record<string, string>[];
  /** What the paths of its requests begin with. */
  prefix: string;
  /** What requests have named of the other tenant. */
  named: Set<string>;
}

/** One tenant serves this many requests, or fewer when they have removed what it had. */
const REQUESTS_PER_TENANT = 250;
const REMOVALS_PER_TENANT = 8;

/**
 * Sends requests that the OpenAPI document leads to, valid but for the odd thing, and holds each answer to it. The world's
 * own tenant is the other one, of which the caller knows all ids:
 *
 *     seed ──► request ──► backend ──► answer ──► fits the document? says nothing of the other tenant?
 *                             └──► rows changed ──► none if refused, none of the other tenant
 */
export class Fuzzer {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly checker: AnswerChecker;

  private constructor(
    private readonly world: OperationsWorld,
    private readonly document: ApiDocument,
    private readonly changes: ChangeLog,
  ) {
    this.checker = new AnswerChecker(document);
  }

  static async create(world: OperationsWorld): Promise<Fuzzer> {
    const document = (await (await world.backend.fetch('/api/openapi.json')).json()) as ApiDocument;
    return new Fuzzer(world, document, await ChangeLog.install(world));
  }

  close(): void {
    this.agent.destroy();
  }

  /** @param seed the same one leads to the same requests, but for the ids in them */
  async run(caller: Caller, count: number, seed: number): Promise<Fuzzed> {
    const statuses: Record<string, number> = {};
    const breaches = new Map<string, string>();
    let tenant = await this.newTenant(caller);
    let [left, removals] = [REQUESTS_PER_TENANT, 0];
    for (let n = 0; n < count; n++) {
      if (left-- === 0 || removals >= REMOVALS_PER_TENANT || tenant.credentials.length === 0) {
        tenant = await this.newTenant(caller);
        [left, removals] = [REQUESTS_PER_TENANT, 0];
      }
      const [sent] = fc.sample(tenant.requests, { numRuns: 1, seed: seed + n });
      if (!sent) throw new Error('no request was made');
      const credential = tenant.credentials[n % tenant.credentials.length] ?? {};
      const answer = await this.send(sent, credential, tenant.prefix).catch((cause: unknown) => {
        throw new Error(`no answer to request ${seed + n}: ${shown(sent)}`, { cause });
      });
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      const isWrite = answer.status < 400 && sent.method !== 'GET' && sent.method !== 'HEAD';
      if (isWrite) {
        await this.world.settled();
        if (sent.method === 'DELETE') removals += sent.operation.id === 'deleteSession' ? 3 : 1;
        tenant.credentials = await this.living(caller, tenant);
      }
      const changed = (await this.changes.next()).filter((change) => !isWrite || this.isOfOther(change));
      const wrong = [
        this.checker.wrongWith(sent, answer),
        this.leak(sent, answer, tenant),
        describe(changed),
      ];
      for (const what of wrong) {
        if (what === undefined) continue;
        const kind = `${sent.operation.id}: ${what.replace(/[\da-f]{8}-[\da-f-]{27}/g, 'ID').slice(0, 300)}`;
        if (!breaches.has(kind))
          breaches.set(
            kind,
            `${kind}\n  request ${seed + n}: ${shown(sent)} → ${answer.status} ${answer.text.slice(0, 300)}`,
          );
      }
    }
    return { requests: count, statuses, breaches: [...breaches.values()] };
  }

  /** Those that a request has not ended. */
  private async living(caller: Caller, { credentials, prefix, ids }: Tenant): Promise<Tenant['credentials']> {
    if (caller === 'nobody') return credentials;
    const path = caller === 'reader' ? `/sessions/${ids.session_id}` : '/me';
    const statuses = await Promise.all(
      credentials.map(async (as) => (await this.world.send(as, 'GET', prefix + path)).status),
    );
    return credentials.filter((_, at) => statuses[at] === 200);
  }

  /** A tenant with a thing of each kind, and the ways in which the caller is identified in it. */
  private async newTenant(caller: Caller): Promise<Tenant> {
    const tenantId = await createTenant(this.world.backend, 'The fuzzed tenant');
    const { people, ids, share, programKey } = await this.world.populate(tenantId, 'What we work on');
    const person = people.get(caller as Role);
    const reader = caller === 'reader' ? await this.open(share.link ?? '') : undefined;
    const browser = { origin: this.world.backend.url };
    const credentials: Record<string, string>[] =
      caller === 'nobody'
        ? [{}, { authorization: 'Bearer cdx_none' }, { cookie: 'saas_codex.session_token=x.y', ...browser }]
        : caller === 'program'
          ? [programKey]
          : reader
            ? [{ cookie: reader.cookie, ...browser }]
            : person
              ? [person.key, { ...person.cookie, ...browser }]
              : [];
    await this.world.settled();
    await this.changes.next();
    const { document, world } = this;
    const from = { document, operations: world.operations, ours: ids, theirs: world.ours };
    return {
      ids,
      named: new Set(),
      requests: fuzzedRequests(from),
      credentials,
      prefix: reader?.prefix ?? '/api',
    };
  }

  /** Opens a link as a browser does. @returns where its routes are, and the cookie for them */
  private async open(link: string): Promise<{ prefix: string; cookie: string }> {
    const { pathname, hash } = new URL(link);
    const answer = await this.world.send({}, 'POST', '/api/share-links/open', {
      token: hash.slice('#token='.length),
    });
    return { prefix: `/api${pathname}`, cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  }

  private send(
    { method, path, headers, body }: FuzzedRequest,
    as: Record<string, string>,
    prefix: string,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        this.world.backend.url,
        {
          method,
          path: path.replace(/^\/api(?=\/)/, prefix),
          agent: this.agent,
          headers: { ...as, ...headers, 'content-length': String(Buffer.byteLength(body ?? '')) },
        },
        (response) => {
          const answer = { status: response.statusCode ?? 0, headers: response.headers, text: '' };
          // Whoever cannot read the request does not know that it was a HEAD, and answers it with a body.
          if (method === 'HEAD') resolve(answer);
          if (typeOf(answer) === 'text/event-stream') {
            response.destroy();
            resolve(answer);
            return;
          }
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => resolve({ ...answer, text: Buffer.concat(chunks).toString() }));
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** What the answer says of the other tenant. A caller may be told what it has named itself, such as in the name of a thing. */
  private leak(
    { path, body, headers }: FuzzedRequest,
    { text }: Answer,
    { named }: Tenant,
  ): string | undefined {
    const sent = `${path} ${String(body)} ${JSON.stringify(headers)}`.toLowerCase();
    const words = [MARK, ...this.idsOfOther].filter((word) => !named.has(word));
    for (const word of words) if (sent.includes(word.toLowerCase())) named.add(word);
    const told = words.filter((word) => text.includes(word) && !named.has(word));
    return told.length > 0 ? `it tells of the other tenant: ${told.join()}` : undefined;
  }

  private isOfOther({ row }: Change): boolean {
    return Object.entries(row).some(
      ([column, value]) => /(^|_)id$/.test(column) && this.idsOfOther.includes(String(value)),
    );
  }

  private get idsOfOther(): string[] {
    return Object.values(this.world.ours as unknown as Record<string, string>);
  }
}

const describe = (changes: Change[]): string | undefined => {
  const breaking = changes.filter((change) => !isAttempt(change));
  return breaking.length > 0
    ? `it changed ${[...new Set(breaking.map(({ table, operation }) => `${table} (${operation})`))].join(', ')}`
    : undefined;
};

const shown = ({ method, path, headers, body }: FuzzedRequest): string =>
  `${method} ${path.slice(0, 300)} ${JSON.stringify(headers).slice(0, 300)} ${(body ?? '').toString().slice(0, 400)}`;
