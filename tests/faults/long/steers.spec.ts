import { setTimeout as delay } from 'node:timers/promises';
import { isTerminalEventType } from '@saas-codex/contracts/events';
import type { Steer, Steers } from '@saas-codex/contracts/steers';
import { seedOf } from '@saas-codex/testing/faults/seed';
import { FaultWorld } from '@saas-codex/testing/faults/world';
import { waitFor } from '@saas-codex/testing/wait-for';

/*
 * Messages to runs that work, sent at any moment of a run: the model is given each exactly once, in that turn or as the next prompt.
 *
 *     turn: 202 ► run.started ► turn.started ► a command ► its end ► the last message grows ► turn.completed ► run.succeeded
 *                     a steer is sent up to 150 ms after one of these
 */

const SESSIONS = 8;
const TURNS = 200;
const TURNS_WITH_KILLS = 40;
const MOMENTS = [
  null,
  'run.started',
  'turn.started',
  'item.started',
  'item.completed',
  'item.delta',
  'turn.completed',
  'run.succeeded',
] as const;
type Moment = (typeof MOMENTS)[number];
const LATEST_MS = 150;

const seed = seedOf();
/** From a seed: mulberry32. */
function randomNumbers(state: number): () => number {
  let at = state;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = randomNumbers(seed);

interface Sent {
  steer: Steer;
  sessionId: string;
  moment: Moment;
}

let world: FaultWorld;
let turns = 0;

beforeAll(async () => {
  world = await FaultWorld.start(SESSIONS, { backends: 1 });
});
afterAll(() => world.stop());

/** One prompt, and a steer at a random moment of its run. Resolves when the run has ended. */
async function turn(session: number): Promise<Sent> {
  const number = turns++;
  const moment = MOMENTS[Math.floor(random() * MOMENTS.length)] ?? null;
  const later = random() * LATEST_MS;
  const watcher = await world.prompt(session, 'Steer');
  if (moment !== null) {
    // A run whose runner is killed ends without most of them.
    const hasCome = () => watcher.received.some(({ type }) => type === moment || isTerminalEventType(type));
    await waitFor(hasCome, { timeoutMs: 120_000, what: moment });
    await delay(later);
  }
  const steer = await world.client.steer(watcher.runId, `Also ${number}.`);
  await watcher.ended();
  await watcher.stop();
  return { steer, sessionId: world.session(session), moment };
}

/** Plays so many turns, those of each session one after the other. */
async function play(count: number): Promise<Sent[]> {
  let left = count;
  const sent = await Promise.all(
    world.sessions.map(async (_, session) => {
      const mine: Sent[] = [];
      while (left-- > 0) mine.push(await turn(session));
      return mine;
    }),
  );
  return sent.flat();
}

/** What became of each steer, when nothing is left to do. The last prompt of each session shows what is in its conversation. */
async function settle(sent: Sent[]) {
  for (const sessionId of world.sessions)
    await waitFor(
      async () => (await world.client.runsOf(sessionId)).every(({ ended_at: at }) => at !== null),
      {
        timeoutMs: 120_000,
        what: 'every run to end',
      },
    );
  const last = await Promise.all(world.sessions.map((_, session) => world.prompt(session, 'Quick')));
  await Promise.all(last.map((watcher) => watcher.ended()));
  const outcomes = await Promise.all(sent.map(outcomeOf));
  const count = (status: string) => outcomes.filter((one) => one.status === status).length;
  const figures = { steers: sent.length, delivered: count('delivered'), queued: count('queued') };
  return { outcomes, figures };
}

async function outcomeOf({ steer, sessionId, moment }: Sent) {
  const { items } = await world.client.get<Steers>(`/api/runs/${steer.run_id}/steers`);
  const now = items.find(({ steer_id: id }) => id === steer.steer_id);
  const runs = await world.client.runsOf(sessionId);
  /** That it was given to, or that it became. */
  const run = runs.find(({ run_id: id }) => id === (now?.queued_run_id ?? steer.run_id));
  const requests = world.model.requests.filter(({ prompts }) => prompts.includes(steer.prompt));
  // In its turn, or as a prompt of its own: what follows it there are only other messages.
  const isAnswered = requests.some(({ prompts }) =>
    prompts.slice(prompts.indexOf(steer.prompt)).every((text) => text.startsWith('Also ')),
  );
  const mostAtOnce = Math.max(
    0,
    ...requests.map(({ prompts }) => prompts.filter((text) => text === steer.prompt).length),
  );
  const ofQueued = runs.filter(({ prompt }) => prompt === steer.prompt).length;
  const about = { steer: steer.prompt, moment, status: now?.status ?? 'lost', run: run?.status ?? 'lost' };
  return { ...about, isAnswered, mostAtOnce, ofQueued };
}

type Outcome = Awaited<ReturnType<typeof outcomeOf>>;
function isRight({ status, run, isAnswered, mostAtOnce, ofQueued }: Outcome): boolean {
  const runs = { queued: 1, delivered: 0 } as Record<string, number>;
  if (ofQueued !== runs[status]) return false;
  // A prompt that was interrupted before Codex had it is never sent again by itself: its run says so.
  if (status === 'queued' && run === 'interrupted') return mostAtOnce <= 1;
  return mostAtOnce === 1 && (isAnswered || run === 'interrupted');
}

function expectEachOnce({ outcomes, figures }: Awaited<ReturnType<typeof settle>>): void {
  process.stdout.write(`FAULT_SEED=${seed} ${JSON.stringify(figures)}\n`);
  expect({ seed, wrong: outcomes.filter((outcome) => !isRight(outcome)) }).toEqual({ seed, wrong: [] });
}

it(`are each given to the model once, ${TURNS} turns`, async () => {
  const settled = await settle(await play(TURNS));
  expectEachOnce(settled);
  expect(settled.figures).toEqual({
    steers: TURNS,
    delivered: expect.any(Number),
    queued: expect.any(Number),
  });
  expect(Math.min(settled.figures.delivered, settled.figures.queued)).toBeGreaterThan(0);
}, 1_500_000);

it(`are each given to the model once, also when runners are killed, ${TURNS_WITH_KILLS} turns`, async () => {
  const over = new AbortController();
  const killing = (async () => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      await delay(2_000 + random() * 3_000);
      const runner = world.runners[n % world.runners.length];
      await runner?.kill();
      await runner?.start();
      await delay(5_000);
    }
  })();
  const sent = await play(TURNS_WITH_KILLS).finally(() => over.abort());
  await killing;
  expect(world.runners.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(0);
  expectEachOnce(await settle(sent));
}, 1_500_000);
