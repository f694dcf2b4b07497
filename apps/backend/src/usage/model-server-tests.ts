import { Inject, Injectable } from '@nestjs/common';
import type { ModelServerTest } from '@saas-codex/contracts/models';
import type { GrantedModelServer } from '@saas-codex/contracts/runner-api';
import { Attempts } from '@saas-codex/service-kit/http/attempts';
import { Destinations } from '@saas-codex/service-kit/network/destinations';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Redis } from 'ioredis';
import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import type { TenantScope } from '../database/tenant-row.js';
import { connectionTo, sentenceOfFailure } from '../outbound/checked-connection.js';
import { REDIS } from '../redis.module.js';
import { ModelServerService } from './model-server.service.js';
import { SpendRulesStore } from './spend-rules.js';

/*
 * Tries an organisation's model server before a run has to:
 *
 *     GET  <base>/models            reached? key taken? which models does it list?
 *     POST <base>/responses  {}     a Responses API there? It refuses this, so no model works and nothing is to be paid
 *
 * No text of an answer leaves this file: it could hold the key, or what is on a host that an admin wants to explore.
 */

/** For both calls, the resolution of the name included. */
const TIMEOUT_S = 15;
/** Of one organisation, over all backends. */
const TESTS = { attempts: 10, seconds: 5 * 60 };
/** The longest lists of models have half a megabyte. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

type Check = ModelServerTest['checks'][number];

interface Answer {
  status: number;
  /** undefined: no JSON, or too long */
  body: unknown;
}

const ModelList = z.object({ data: z.array(z.object({ id: z.string() })) });
const ErrorBody = z.object({ error: z.object({ code: z.string() }) });

@Injectable()
export class ModelServerTests {
  private readonly destinations: Destinations;
  private readonly attempts: Attempts;

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(REDIS) redis: Redis,
    private readonly servers: ModelServerService,
    private readonly rules: SpendRulesStore,
    resolver: HostResolver,
  ) {
    this.destinations = new Destinations(config.MODEL_TRUSTED_HOSTS, config, resolver);
    this.attempts = new Attempts(redis, 'model-server-test', TESTS);
  }

  /** @throws ProblemError model_server_not_found, rate_limited */
  async run(ctx: TenantScope): Promise<ModelServerTest> {
    const server = await this.servers.granted(ctx);
    if (!server) {
      throw new ProblemError(
        'model_server_not_found',
        "The operator's server answers your organisation. Its operator checks it.",
      );
    }
    const seconds = await this.attempts.take(ctx.tenantId);
    if (seconds !== null) {
      throw new ProblemError('rate_limited', `Try again in ${seconds} s.`, {
        headers: { 'retry-after': `${seconds}` },
      });
    }
    const { allowedModels } = await this.rules.read(ctx);
    const checks = await this.check(server, allowedModels);
    return { works: checks.every(({ outcome }) => outcome !== 'fails'), checks };
  }

  private async check(server: GrantedModelServer, allowed: string[] | null): Promise<Check[]> {
    const url = new URL(server.base_url);
    const timeout = AbortSignal.timeout(TIMEOUT_S * 1_000);
    let connection: Dispatcher | undefined;
    try {
      connection = await connectionTo(url, this.destinations);
      const send = caller(server, connection, timeout);
      const list = await send('GET', 'models');
      const responses = await send('POST', 'responses');
      return [
        { check: 'connection', outcome: 'works', message: `${url.host} answers.` },
        ...checksOf(list, responses, allowed),
      ];
    } catch (error) {
      const message = timeout.aborted
        ? `The model server did not answer within ${TIMEOUT_S} seconds.`
        : sentenceOfFailure(error, url, 'model server', 'MODEL_TRUSTED_HOSTS');
      return [{ check: 'connection', outcome: 'fails', message }];
    } finally {
      // With what is left of an answer.
      await connection?.destroy();
    }
  }
}

const caller =
  ({ base_url, api_key }: GrantedModelServer, dispatcher: Dispatcher, signal: AbortSignal) =>
  async (method: 'GET' | 'POST', path: string): Promise<Answer> => {
    const { statusCode: status, body } = await request(`${base_url}/${path}`, {
      method,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        authorization: `Bearer ${api_key}`,
        'user-agent': 'saas-codex',
        ...(method === 'POST' && { 'content-type': 'application/json' }),
      },
      ...(method === 'POST' && { body: '{}' }),
      dispatcher,
      signal,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if ((bytes += chunk.byteLength) > MAX_ANSWER_BYTES) return { status, body: undefined };
      chunks.push(chunk);
    }
    return { status, body: parsed(Buffer.concat(chunks).toString()) };
  };

function checksOf(list: Answer, responses: Answer, allowed: string[] | null): Check[] {
  const refused = [responses, list].find(({ status }) => status === 401 || status === 403);
  if (refused) {
    const message = `The server refused the key (${refused.status}). Check that it is complete, still valid, and may use models.`;
    return [{ check: 'key', outcome: 'fails', message }];
  }
  const api = responsesCheck(responses);
  const key: Check = { check: 'key', outcome: 'works', message: 'The server did not refuse the key.' };
  return [key, api, ...(api.outcome === 'fails' ? [] : [modelsCheck(list, allowed)])];
}

/** Of the answer to a request without a model and an input. */
function responsesCheck({ status, body }: Answer): Check {
  const as = (outcome: Check['outcome'], message: string): Check => ({
    check: 'responses',
    outcome,
    message,
  });
  const isObject = typeof body === 'object' && body !== null;
  if (status >= 300 && status < 400)
    return as(
      'fails',
      `The server answered ${status}, a redirect, which is not followed. Give the address to which it leads.`,
    );
  if (status === 429)
    return as(
      'unknown',
      'The server limits requests now, or the account has no credit left (429). Look at your account there.',
    );
  if (status >= 500) return as('fails', `The server answered ${status}. Look at its state, and try again.`);
  const missesModel = ErrorBody.safeParse(body).data?.error.code === 'model_not_found';
  if ([404, 405, 410].includes(status) && !missesModel)
    return as('fails', `There is no Responses API at this address (${status}). It usually ends in /v1.`);
  return isObject
    ? as('works', 'There is a Responses API at this address.')
    : as(
        'fails',
        `The answer (${status}) was not understood. Check that the address is that of a Responses API.`,
      );
}

function modelsCheck({ status, body }: Answer, allowed: string[] | null): Check {
  const as = (outcome: Check['outcome'], message: string): Check => ({ check: 'models', outcome, message });
  const list = status === 200 ? ModelList.safeParse(body).data : undefined;
  if (!list)
    return as('unknown', 'The server lists no models, so the first prompt will show whether it knows yours.');
  const known = new Set(list.data.map(({ id }) => id));
  const missing = (allowed ?? []).filter((model) => !known.has(model));
  if (missing.length > 0)
    return as(
      'fails',
      `The server does not list these allowed models: ${missing.join(', ')}. Allow others, or check their names.`,
    );
  return as(
    'works',
    allowed
      ? 'The server lists every allowed model.'
      : `The server lists ${known.size} models. Your organisation allows every model.`,
  );
}

/** @returns undefined for what is no JSON */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
