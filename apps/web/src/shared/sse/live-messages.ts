import type { EventId } from '@saas-codex/contracts/event-ids';

/** What tabs and the hub (live-hub.ts) say to each other. */
export interface Watch {
  /** Changes of sessions and runs, for lists. */
  activity: boolean;
  runs: readonly WatchedByTab[];
  /** The session that the tab shows and the person sees. */
  viewing?: string | undefined;
}

/** A tab asks whether it may tell the person of something that all tabs have heard of. */
export interface Claim {
  /** The same in every tab. */
  claim: string;
  sessionId: string;
}

export interface WatchedByTab {
  runId: string;
  after: EventId;
  /** Another one when the tab begins again. */
  subscription: number;
}

export type Notice =
  /** The stream stands: what was read before may be out of date. */
  | { type: 'open' }
  | { type: 'connection'; lost: boolean }
  | { type: 'signed-out' }
  | { type: 'activity'; data: string }
  /** This tab alone may tell the person. */
  | { type: 'granted'; claim: string }
  | { type: 'run'; runId: string; data: string }
  | { type: 'run.end'; runId: string }
  /** The hub no longer watches the run for this tab. */
  | { type: 'run.error'; runId: string; code: string };

/** What a tab says: all that it watches, what it would tell the person, that it is being closed, or that its person has signed out. */
export type TabMessage = Watch | Claim | 'leave' | 'sign-out';

/** A tab repeats what it watches, so that one that is gone is noticed. */
export const SAY_AGAIN_MS = 30_000;
