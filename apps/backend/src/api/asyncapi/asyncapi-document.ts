import { ACTIVITY_TYPES, Activity } from '@saas-codex/contracts/activity';
import { AuditEntry } from '@saas-codex/contracts/audit';
import { EVENT_TYPES, RunEvent, SSE_END, SSE_HEARTBEAT } from '@saas-codex/contracts/events';
import {
  ACTIVITY_MAX_LENGTH,
  AUDIT_STREAM,
  REDIS_KEYS,
  STREAM_FIELDS,
} from '@saas-codex/contracts/redis-keys';
import {
  SSE_RUN,
  SSE_RUN_END,
  SSE_RUN_ERROR,
  WatchedRunEnd,
  WatchedRunError,
} from '@saas-codex/contracts/watched-runs';
import { VERSION } from '@saas-codex/service-kit/version';
import { z } from 'zod';
import { unknownMember } from '../openapi/unions.js';

/*
 * The event streams as an AsyncAPI 3 document, generated from the contracts' schemas:
 *
 *     channel              where                               a message's headers         its payload
 *     runLog               Redis codex:run:{run_id}:events     fields `type`, `writer`     RunEvent: field `event`
 *     activity             Redis codex:activity:{tenant_id}    field `type`                Activity: field `event`
 *     auditLog             Redis codex:audit:{tenant_id}       field `type`                AuditEntry: field `event`
 *     runEventStream       GET /api/runs/{run_id}/events       lines `id:`, `event:`       RunEvent: line `data:`
 *     activityEventStream  GET /api/events                     lines `id:`, `event:`       Activity: line `data:`
 *                          … with `?runs=` also `run`          line `event:`               RunEvent: `event` in line `data:`
 *
 * There is one message per type and carrier; both carriers' messages share the type's schema.
 */

type Json = Record<string, unknown>;
type Carrier = 'redis' | 'sse';

const INFO = `What happens on this platform, for consumers. The same events are entries of Redis streams and server-sent events.
In Redis an entry's field \`event\` is the payload as JSON, the other fields are the message's headers; over SSE the \`data\` is
the payload, \`id\` and \`event\` are the headers. Messages may get new fields and new types without a new version. How to
resume, and what a reader can rely on, is in docs/events.md.`;

export function asyncApiDocument(): Json {
  const messages = { ...messagesOf(EVENT_TYPES, runHeaders), ...messagesOf(ACTIVITY_TYPES, activityHeaders) };
  return {
    asyncapi: '3.0.0',
    info: { title: 'saas-codex events', version: VERSION, description: INFO },
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: CHANNELS,
    operations: Object.fromEntries(Object.keys(CHANNELS).map((name) => [operationId(name), send(name)])),
    components: {
      messages: { ...messages, ...SSE_SIGNS, [`redis.${AUDIT_MESSAGE}`]: AUDIT_ENTRY },
      schemas: schemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token' },
        redis: { type: 'userPassword', description: 'A Redis user that may read the streams' },
      },
    },
  };
}

const SERVERS = {
  redis: {
    host: 'redis:6379',
    protocol: 'redis',
    description: 'The platform’s Redis. It is to be read only, with consumer groups of one’s own.',
    security: [{ $ref: '#/components/securitySchemes/redis' }],
  },
  api: {
    host: 'localhost:9100',
    protocol: 'http',
    description: 'PUBLIC_URL of the installation.',
    security: [{ $ref: '#/components/securitySchemes/token' }],
  },
};

const AUDIT_MESSAGE = 'audit.entry';
const RUN_ID = { run_id: { description: 'The run’s id, a UUID' } };
const TENANT_ID = { tenant_id: { description: 'The tenant’s id, as `GET /api/me` answers it' } };
const refs = (carrier: Carrier, types: readonly string[]) =>
  Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${carrier}.${type}` }]));

const CHANNELS = {
  runLog: {
    address: REDIS_KEYS.runEvents('{run_id}'),
    title: 'The log of a run',
    description:
      'Durable events have the entry ids `1-0`, `2-0` … without a hole, deltas `n-1`, `n-2` … behind event n. The first ' +
      'terminal `run.*` event ends the log. It expires when Postgres has it; then it is served over SSE.',
    servers: [{ $ref: '#/servers/redis' }],
    parameters: RUN_ID,
    messages: refs('redis', EVENT_TYPES),
  },
  activity: {
    address: REDIS_KEYS.activity('{tenant_id}'),
    title: 'What happens to one tenant’s sessions and runs',
    description: `Capped at about ${ACTIVITY_MAX_LENGTH} entries: what holds is in the REST API and in the runs’ logs.`,
    servers: [{ $ref: '#/servers/redis' }],
    parameters: TENANT_ID,
    messages: refs('redis', ACTIVITY_TYPES),
  },
  auditLog: {
    address: REDIS_KEYS.audit('{tenant_id}'),
    title: 'Who did what in one tenant',
    description:
      `Capped at about ${AUDIT_STREAM.maxLength} entries. The log is in \`GET /api/audit\`: what was recorded while Redis was ` +
      'away is missing here.',
    servers: [{ $ref: '#/servers/redis' }],
    parameters: TENANT_ID,
    messages: refs('redis', [AUDIT_MESSAGE]),
  },
  runEventStream: {
    address: '/api/runs/{run_id}/events',
    title: 'The log of a run, as server-sent events',
    description:
      'From behind `Last-Event-ID` or `?after=`, else from the first event; then live; `end` follows the last one.',
    servers: [{ $ref: '#/servers/api' }],
    parameters: RUN_ID,
    messages: refs('sse', [...EVENT_TYPES, SSE_HEARTBEAT, SSE_END]),
  },
  activityEventStream: {
    address: '/api/events',
    title: 'What happens to one’s tenant’s sessions and runs, as server-sent events',
    description:
      'From behind `Last-Event-ID` or `?after=`, else from now on. It has no end. With `?runs=<run_id>,<run_id>@<id>` it has ' +
      'the events of these runs too, as `run`.',
    servers: [{ $ref: '#/servers/api' }],
    messages: refs('sse', [...ACTIVITY_TYPES, SSE_RUN, SSE_RUN_END, SSE_RUN_ERROR, SSE_HEARTBEAT]),
  },
};

/** The document describes this application: it sends, and consumers receive. */
const send = (channel: string) => ({ action: 'send', channel: { $ref: `#/channels/${channel}` } });
const operationId = (channel: string) => `send${channel[0]?.toUpperCase()}${channel.slice(1)}`;

const text = (description: string) => ({ type: 'string', description });
const object = (properties: Record<string, Json>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

const runHeaders = { [STREAM_FIELDS.writer]: text('Which writer wrote it; to be ignored') };
const activityHeaders = {};

function messagesOf(types: readonly string[], redisHeaders: Record<string, Json>): Record<string, Json> {
  const entries = types.flatMap((type): [string, Json][] => {
    const payload = { $ref: `#/components/schemas/${type}` };
    const redis = object({ [STREAM_FIELDS.type]: { const: type }, ...redisHeaders });
    const sse = object({ id: text('The position, to resume from'), event: { const: type } });
    return [
      [`redis.${type}`, { name: type, headers: redis, payload }],
      [`sse.${type}`, { name: type, headers: sse, payload }],
    ];
  });
  return Object.fromEntries(entries);
}

const schemaRef = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const sign = (name: string, summary: string, payload: Json = { type: 'object' }) => ({
  name,
  summary,
  headers: object({ event: { const: name } }),
  payload,
});
const UNKNOWN_EVENT = 'UnknownEvent';
const RUN_FRAME = object({
  id: text('The position in the log of this run, such as `7-0`: continue with `?runs=<run_id>@7-0`'),
  event: {
    anyOf: [{ oneOf: EVENT_TYPES.map(schemaRef), discriminator: 'type' }, schemaRef(UNKNOWN_EVENT)],
  },
});
const SSE_SIGNS = {
  [`sse.${SSE_HEARTBEAT}`]: sign(SSE_HEARTBEAT, 'Every 15 s, without an id: the connection lives'),
  [`sse.${SSE_END}`]: sign(SSE_END, 'Nothing follows: the run has ended'),
  [`sse.${SSE_RUN}`]: sign(SSE_RUN, 'An event of a run that is watched', RUN_FRAME),
  [`sse.${SSE_RUN_END}`]: sign(
    SSE_RUN_END,
    'That run has ended, and all of its events have come',
    schemaRef(nameOf(WatchedRunEnd)),
  ),
  [`sse.${SSE_RUN_ERROR}`]: sign(
    SSE_RUN_ERROR,
    'That run cannot be watched; the others go on',
    schemaRef(nameOf(WatchedRunError)),
  ),
};

/** An entry of the audit log. Its type is what was done. */
const AUDIT_ENTRY = {
  name: AUDIT_MESSAGE,
  headers: object({ [STREAM_FIELDS.type]: text('The action, such as `member.role_changed`') }),
  payload: schemaRef(nameOf(AuditEntry)),
};

/** One schema per event and activity type, and the named ones that they use. */
function schemas(): Record<string, Json> {
  const named = z.toJSONSchema(z.globalRegistry, {
    target: 'draft-7',
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema, zodSchema }) => {
      // Messages may get new fields.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.oneOf !== undefined && zodSchema instanceof z.ZodDiscriminatedUnion)
        jsonSchema['discriminator'] = zodSchema.def.discriminator;
    },
  }).schemas as Record<string, Json>;
  const found: Record<string, Json> = {};
  const add = (name: string, schema: Json): void => {
    found[name] = { ...schema, $schema: undefined, $id: undefined };
    for (const [, used] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      const definition = named[String(used)];
      if (definition && !found[String(used)]) add(String(used), definition);
    }
  };
  for (const union of [nameOf(RunEvent), nameOf(Activity)]) {
    const variants = (named[union]?.['oneOf'] ?? []) as Variant[];
    for (const variant of variants) add(variant.properties.type.const, variant);
  }
  add(UNKNOWN_EVENT, unknownMember(nameOf(RunEvent), 'type', EVENT_TYPES));
  for (const name of [WatchedRunEnd, WatchedRunError, AuditEntry].map(nameOf)) add(name, named[name] ?? {});
  return found;
}

interface Variant extends Json {
  properties: { type: { const: string } };
}

function nameOf(schema: z.ZodType): string {
  return String(z.globalRegistry.get(schema)?.id);
}
