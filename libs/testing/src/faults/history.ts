import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { GATES } from './scenarios.js';
import type { ServiceProcess } from './service-process.js';
import type { Link, FaultWorld } from './world.js';

/** Services and stores that are killed. A store restarts with its data. */
const VICTIMS = ['gateway', 'backend', 'runner', 'redis', 'postgres'] as const;
const CUTS = ['edge', 'api', 'dispatch', 'backendRedis', 'runnerRedis', 'database'] as const satisfies Link[];
const KINDS = ['Quick', 'Work', 'Talk', 'Talk', 'Hold'] as const;

type Step =
  | { do: 'prompt'; session: number; kind: (typeof KINDS)[number] }
  | { do: 'cancel'; run: number }
  | { do: 'reconnect'; watcher: number; place: number }
  | { do: 'kill'; victim: (typeof VICTIMS)[number]; which: number; downMs: number }
  | { do: 'reset'; link: Link }
  | { do: 'open'; gate: number };

export interface HistorySize {
  prompts: number;
  cancels: number;
  reconnects: number;
  kills: number;
  resets: number;
}

export interface History {
  steps: Step[];
  /** Pause after each step. */
  pausesMs: number[];
}

/** Exactly the requested number of steps of each kind, in any order. */
const historyOf = ({ prompts, cancels, reconnects, kills, resets }: HistorySize): fc.Arbitrary<History> => {
  const times = <T>(count: number, one: fc.Arbitrary<T>) =>
    fc.array(one, { minLength: count, maxLength: count });
  const any = fc.nat({ max: 1_000 });
  const place = fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1_000);
  const steps: fc.Arbitrary<Step[]>[] = [
    times(
      prompts - 1,
      fc.record({ do: fc.constant('prompt'), session: any, kind: fc.constantFrom(...KINDS) }),
    ),
    times(cancels, fc.record({ do: fc.constant('cancel'), run: any })),
    times(reconnects, fc.record({ do: fc.constant('reconnect'), watcher: any, place })),
    times(
      kills,
      fc.record({
        do: fc.constant('kill'),
        victim: fc.constantFrom(...VICTIMS),
        which: any,
        downMs: fc.integer({ min: 0, max: 1_500 }),
      }),
    ),
    times(resets, fc.record({ do: fc.constant('reset'), link: fc.constantFrom(...CUTS) })),
    times(prompts, fc.record({ do: fc.constant('open'), gate: fc.nat({ max: GATES - 1 }) })),
  ];
  const first: Step = { do: 'prompt', session: 0, kind: 'Talk' };
  return fc
    .tuple(...steps)
    .map((sorts) => sorts.flat())
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
    .chain((rest) =>
      times(rest.length + 1, fc.integer({ min: 0, max: 250 })).map((pausesMs) => ({
        steps: [first, ...rest],
        pausesMs,
      })),
    );
};

/** The same seed and size give the same history. Real processes may still behave differently in it. */
export function generate(size: HistorySize, seed: number): History {
  const [history] = fc.sample(historyOf(size), { seed, numRuns: 1 });
  if (!history) throw new Error('fast-check generated no history');
  return history;
}

export interface Done {
  kills: number;
  reconnects: number;
  resets: number;
}

/** Plays a history, restarts everything that is down and opens all gates. @returns what really happened */
export async function play(world: FaultWorld, { steps, pausesMs }: History): Promise<Done> {
  const done: Done = { kills: 0, reconnects: 0, resets: 0 };
  const down = new Map<string, Promise<void>>();
  const prompts: Promise<unknown>[] = [];
  for (const [index, step] of steps.entries()) {
    await take(world, step, { done, down, prompts });
    // From here on there is a run to disturb.
    if (index === 0) await Promise.all(prompts);
    await delay(pausesMs[index] ?? 0);
  }
  await Promise.all(down.values());
  await Promise.all(prompts);
  await Promise.all(world.sessions.map((session) => world.client.resumeQueue(session)));
  for (let gate = 0; gate < GATES; gate++) world.model.openGate(`gate-${gate}`);
  return done;
}

interface Playing {
  done: Done;
  /** By name: services that are down. Each promise settles when its service is up again. */
  down: Map<string, Promise<void>>;
  prompts: Promise<unknown>[];
}

async function take(world: FaultWorld, step: Step, { done, down, prompts }: Playing): Promise<void> {
  const later = (work: Promise<unknown>) => {
    // A failure surfaces when `play` awaits all prompts.
    work.catch(() => undefined);
    prompts.push(work);
  };
  switch (step.do) {
    case 'prompt': {
      const kind = step.kind === 'Hold' ? `Hold ${prompts.length % GATES}` : step.kind;
      // Not awaited: a service may be down, and the history continues until the prompt is accepted.
      later(world.prompt(step.session, kind));
      return;
    }
    case 'cancel': {
      const run = pick(world.client.accepted, step.run);
      if (run) later(world.client.cancel(run.runId));
      return;
    }
    case 'reconnect': {
      const watcher = pick(world.watchers, step.watcher);
      if (!watcher) return;
      watcher.reconnect(step.place);
      done.reconnects++;
      return;
    }
    case 'kill':
      await kill(world, step, down);
      done.kills++;
      return;
    case 'reset':
      world.links[step.link].reset();
      done.resets++;
      return;
    case 'open':
      world.model.openGate(`gate-${step.gate}`);
  }
}

/** Kills the victim and restarts it a little later, like a process supervisor. */
async function kill(
  world: FaultWorld,
  { victim, which, downMs }: Extract<Step, { do: 'kill' }>,
  down: Playing['down'],
): Promise<void> {
  const target = targetOf(world, victim, which);
  await down.get(target.name);
  await target.kill();
  down.set(
    target.name,
    delay(downMs).then(() => target.startUntilUp()),
  );
}

type Target = Pick<ServiceProcess, 'name' | 'kill' | 'startUntilUp'>;

function targetOf(world: FaultWorld, victim: (typeof VICTIMS)[number], which: number): Target {
  switch (victim) {
    case 'gateway':
      return world.gateway;
    case 'backend':
      return pick(world.backends, which) ?? world.gateway;
    case 'runner':
      return pick(world.runners, which) ?? world.gateway;
    case 'redis':
    case 'postgres': {
      const store = world[victim];
      return { name: victim, kill: () => store.kill(), startUntilUp: () => store.restart() };
    }
  }
}

const pick = <T>(all: readonly T[], which: number): T | undefined => all[which % all.length];
