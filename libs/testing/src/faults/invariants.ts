import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareEventIds, type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import { isTerminalEventType } from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import { waitFor } from '../wait-for.js';
import type { Accepted } from './client.js';
import type { Connection, Received } from './watcher.js';
import { Watcher } from './watcher.js';
import type { FaultWorld } from './world.js';

/*
 * The invariants after any history of faults, checked against what clients, model server, Postgres and kernel observed.
 * Each breach is a sentence. The product is correct if there are none.
 *
 *     accepted        every 202 is exactly one run of its session           (invariant 2)
 *     ended           every run ends, and so does its log
 *     sequences       over all its connections, each client gets the log               (1)
 *     turns           each prompt's turn begins at most once at the model              (3)
 *     writers         a log has one writer, and nothing follows its end                (3)
 *     statuses        change only along their transition tables                        (8)
 *     processes       no run leaves any, and every service is alive                    (4)
 */

/** Checks the runs that were accepted since the last call. @returns one sentence per breach */
export async function breaches(world: FaultWorld, { timeoutMs = 120_000 } = {}): Promise<string[]> {
  const found: string[] = [];
  for (const accepted of world.client.takeUnchecked()) {
    const run = await world.client.ended(accepted.runId, timeoutMs).catch((error: unknown) => String(error));
    if (typeof run === 'string') {
      found.push(`${name(accepted)} does not end: ${run}`);
      continue;
    }
    const log = await wholeLog(world, accepted.runId);
    found.push(...logBreaches(accepted, run.status, log), ...turnBreaches(world, accepted));
    found.push(...(await writerBreaches(world, accepted)));
    for (const watcher of world.watchers.filter(({ runId }) => runId === accepted.runId)) {
      await watcher.ended().catch((error: unknown) => found.push(`${name(accepted)}: ${String(error)}`));
      found.push(...watcherBreaches(watcher, log).map((text) => `${name(accepted)}, a client: ${text}`));
    }
  }
  found.push(...(await sessionBreaches(world)));
  for (const { name, isAlive, log } of world.services)
    if (!isAlive) found.push(`${name} has ended unexpectedly:\n${log.slice(-2_000)}`);
  for (const change of await world.statuses.forbidden())
    found.push(`a status made a forbidden change: ${JSON.stringify(change)}`);
  const left = await waitFor(async () =>
    (await processesIn(world.sessions)).length === 0 ? 'none' : null,
  ).catch(() => processesIn(world.sessions));
  if (left !== 'none') found.push(`processes are left: ${JSON.stringify(left)}`);
  return found;
}

const name = ({ runId, prompt }: Accepted) => `run ${runId} (${prompt})`;

/** The log as a new client gets it from the beginning. */
async function wholeLog(world: FaultWorld, runId: string): Promise<Received[]> {
  const reader = new Watcher(world.client, runId);
  await reader.ended();
  await reader.stop();
  return reader.connections.at(-1)?.events ?? [];
}

function logBreaches(accepted: Accepted, status: string, log: Received[]): string[] {
  const found: string[] = [];
  const durable = log.filter(({ id }) => !id.includes('-'));
  const numbers = durable.map(({ id }) => Number(id));
  if (numbers.some((number, index) => number !== index + 1))
    found.push(`has the numbers ${numbers.join(' ')}`);
  const ends = durable.filter(({ type }) => isTerminalEventType(type));
  if (ends.length !== 1 || ends[0] !== log.at(-1))
    found.push(`has the ends ${ends.map(({ id }) => id).join(' ')}`);
  if (ends[0]?.type !== `run.${status}`) found.push(`is ${status}, and its log says ${ends[0]?.type}`);
  if (durable.filter(({ type }) => type === 'run.started').length > 1) found.push('was started twice');
  return found.map((text) => `${name(accepted)} ${text}`);
}

/** Codex sends one request to begin a turn. Its later requests contain the output of its commands. */
function turnBreaches(world: FaultWorld, accepted: Accepted): string[] {
  const begun = world.model.requests.filter(
    ({ prompts, outputs }) => prompts.at(-1) === accepted.prompt && outputs.length === 0,
  );
  const repeated = world.model.requests.filter(
    ({ prompts }) => prompts.filter((prompt) => prompt === accepted.prompt).length > 1,
  );
  return [
    ...(begun.length > 1 ? [`${name(accepted)}: its turn began ${begun.length} times`] : []),
    ...(repeated.length > 0 ? [`${name(accepted)}: its thread has the prompt twice`] : []),
  ];
}

/** Checks the entries in Redis, if they are still there: one writer before the end, and nothing after the end. */
async function writerBreaches({ redis }: FaultWorld, accepted: Accepted): Promise<string[]> {
  const entries = await redis.direct.xrange(REDIS_KEYS.runEvents(accepted.runId), '-', '+');
  const end = entries.findIndex(([, fields]) =>
    isTerminalEventType(fieldOf(fields, STREAM_FIELDS.type) ?? ''),
  );
  if (entries.length === 0) return [];
  const writers = new Set(entries.slice(0, end).map(([, fields]) => fieldOf(fields, STREAM_FIELDS.writer)));
  return [
    ...(end === entries.length - 1 ? [] : [`${name(accepted)}: entries follow its end`]),
    ...(writers.size > 1 ? [`${name(accepted)}: ${writers.size} writers wrote before its end`] : []),
  ];
}

/** @param log the whole final log; deltas may be missing in it, and in what the client got */
export function watcherBreaches(watcher: Pick<Watcher, 'connections'>, log: Received[]): string[] {
  const found = watcher.connections.flatMap((connection) => connectionBreaches(connection, log));
  const got = new Set(watcher.connections.flatMap(({ events }) => events.map(({ id }) => id)));
  const missing = log.filter(({ id }) => !id.includes('-') && !got.has(id));
  return missing.length === 0 ? found : [...found, `never got ${missing.map(({ id }) => id).join(' ')}`];
}

function connectionBreaches({ after, events }: Connection, log: Received[]): string[] {
  const content = new Map(log.map((event) => [event.id, event.data]));
  const found: string[] = [];
  let last = eventId(after);
  for (const { id, data } of events) {
    const now = eventId(id);
    const isNext =
      now.delta === 0 ? now.seq === last.seq + 1 : now.seq === last.seq && now.delta > last.delta;
    if (!isNext) found.push(`after ${after}: ${id} follows ${last.seq}-${last.delta}`);
    if (now.delta === 0 && content.get(id) !== data)
      found.push(`after ${after}: ${id} was ${data}, but the log has ${content.get(id)}`);
    if (compareEventIds(now, last) > 0) last = now;
  }
  return found;
}

const eventId = (id: string): EventId => parseEventId(id) ?? { seq: -1, delta: 0 };

async function sessionBreaches(world: FaultWorld): Promise<string[]> {
  const found: string[] = [];
  for (const sessionId of world.sessions) {
    const promised = world.client.accepted.filter((accepted) => accepted.sessionId === sessionId);
    const there = await world.client.runsOf(sessionId);
    const ids = new Set(there.map(({ run_id }) => run_id));
    for (const accepted of promised) if (!ids.has(accepted.runId)) found.push(`${name(accepted)} was lost`);
    if (there.length !== promised.length)
      found.push(`${sessionId} has ${there.length} runs of ${promised.length}`);
    const turns = await readFile(join(world.workspaces, sessionId, 'repo/turns.txt'), 'utf8').catch(() => '');
    const lines = turns.split('\n').filter((line) => line !== '');
    if (new Set(lines).size !== lines.length) found.push(`${sessionId}: a turn ran twice:\n${turns}`);
  }
  return found;
}

/** Programs that surround the commands of a run. A jail that waits for its run has no others. */
const SURROUNDING = '/run/jail/';
const CODEX = '/run/jail/codex/bin/codex';

/**
 * Processes of runs in these workspaces: they have a part of one mounted or name it, and run in its jail. Of a session, one Codex
 * with what surrounds it may wait for the next run.
 */
export async function processesIn(sessionIds: string[]): Promise<{ pid: number; commandLine: string }[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const read = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [mounts, commandLine] = await Promise.all([read(pid, 'mountinfo'), read(pid, 'cmdline')]);
      const sessionId = sessionIds.find((id) => mounts.includes(id) || commandLine.includes(id));
      return sessionId === undefined
        ? []
        : [{ pid, sessionId, commandLine: commandLine.replaceAll('\0', ' ') }];
    }),
  );
  const all = found.flat();
  const codexOf = (id: string) =>
    all.filter((each) => each.commandLine.includes(CODEX) && each.sessionId === id);
  const hasMany = (id: string) => codexOf(id).length > 1;
  return all
    .filter((each) => !each.commandLine.includes(SURROUNDING) || hasMany(each.sessionId))
    .map(({ pid, commandLine }) => ({ pid, commandLine: commandLine.slice(0, 200) }));
}
