import type { EventId } from '@saas-codex/contracts/event-ids';
import { apiUrl } from '../api/shared-page.js';
import { connection } from './connection-state.js';
import { type Notice, SAY_AGAIN_MS, type TabMessage } from './live-messages.js';

/**
 * What this page watches, through the one event stream of the browser (live-hub.ts):
 *
 *     page ─► SharedWorker with the hub of all tabs        where there is one
 *     page ─► a hub of its own, closed while it is hidden  elsewhere
 *
 * A page that is hidden for a while lets go of its runs, and continues them from where they were when it is seen again.
 */
interface ActivityWatcher {
  /** The stream stands: what was read before may be out of date. */
  onOpen: () => void;
  onActivity: (data: string) => void;
  onSignedOut: () => void;
}

interface RunWatcher {
  /** The last event that the page has. */
  position: () => EventId;
  /** @param data the JSON of a WatchedRunEvent */
  onEvent: (data: string) => void;
  onEnd: () => void;
  /** The run is no longer watched. */
  onError: (code: string) => void;
}

const EVENTS = '/api/events';
const HIDDEN_GRACE_MS = 10_000;
/** The hub answers at once. */
const CLAIM_MS = 10_000;

class Live {
  private readonly activity = new Set<ActivityWatcher>();
  private readonly runs = new Map<string, { watcher: RunWatcher; subscription: number }>();
  private readonly granted = new Map<string, () => void>();
  private viewing: string | undefined;
  private subscriptions = 0;
  private hub: { send: (message: TabMessage) => void; shared: boolean } | null = null;
  private saying = false;
  private asleep = false;
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  /** @returns stops watching */
  watchActivity(watcher: ActivityWatcher): () => void {
    this.activity.add(watcher);
    this.say();
    return () => {
      this.activity.delete(watcher);
      this.say();
    };
  }

  /** @returns stops watching */
  watchRun(runId: string, watcher: RunWatcher): () => void {
    const watched = { watcher, subscription: (this.subscriptions += 1) };
    this.runs.set(runId, watched);
    this.say();
    return () => {
      if (this.runs.get(runId) !== watched) return;
      this.runs.delete(runId);
      this.say();
    };
  }

  /** The page shows the session. @returns it no longer does */
  view(sessionId: string): () => void {
    this.viewing = sessionId;
    this.say();
    return () => {
      if (this.viewing !== sessionId) return;
      this.viewing = undefined;
      this.say();
    };
  }

  /**
   * Asks to tell the person of something in a session that every tab hears of.
   * @param claim the same in every tab
   * @param onGranted is called in one of them at most, and in none while the person sees the session
   */
  claim(claim: string, sessionId: string, onGranted: () => void): void {
    this.granted.set(claim, onGranted);
    setTimeout(() => this.granted.delete(claim), CLAIM_MS);
    this.hub?.send({ claim, sessionId });
  }

  /** Ends the stream for all tabs and tells them. */
  signOut(): void {
    this.hub?.send('sign-out');
  }

  /** Once for all changes of a task. */
  private say(): void {
    if (this.saying) return;
    this.saying = true;
    queueMicrotask(() => {
      this.saying = false;
      this.sayNow();
    });
  }

  private sayNow(): void {
    this.hub ??= this.start();
    const runs = [...this.runs].map(([runId, { watcher, subscription }]) => ({
      runId,
      subscription,
      after: watcher.position(),
    }));
    this.hub.send({
      activity: this.activity.size > 0 && (this.hub.shared || !this.asleep),
      runs: this.asleep ? [] : runs,
      viewing: document.hidden ? undefined : this.viewing,
    });
  }

  private start(): { send: (message: TabMessage) => void; shared: boolean } {
    setInterval(() => this.sayNow(), SAY_AGAIN_MS);
    document.addEventListener('visibilitychange', this.onVisibility);
    addEventListener('pagehide', () => this.hub?.send('leave'));
    addEventListener('pageshow', () => this.sayNow());
    // A tab may be opened in the background.
    this.onVisibility();
    return typeof SharedWorker === 'undefined' ? this.ownHub() : this.sharedHub();
  }

  private sharedHub() {
    const worker = new SharedWorker(new URL('./live.worker.ts', import.meta.url), {
      type: 'module',
      name: apiUrl(EVENTS),
    });
    worker.port.addEventListener('message', ({ data }: MessageEvent<Notice>) => this.hear(data));
    worker.port.start();
    worker.addEventListener('error', () => {
      this.hub = this.ownHub();
      this.sayNow();
    });
    return { send: (message: TabMessage) => worker.port.postMessage(message), shared: true };
  }

  private ownHub() {
    const loading = import('./live-hub.js').then(({ LiveHub }) => new LiveHub(apiUrl(EVENTS)));
    const tab = (notice: Notice) => this.hear(notice);
    const send = async (message: TabMessage) => (await loading).receive(tab, message);
    return { send: (message: TabMessage) => void send(message), shared: false };
  }

  private hear(notice: Notice): void {
    switch (notice.type) {
      case 'open':
        return this.activity.forEach(({ onOpen }) => onOpen());
      case 'activity':
        return this.activity.forEach(({ onActivity }) => onActivity(notice.data));
      case 'granted':
        return this.granted.get(notice.claim)?.();
      case 'signed-out':
        return this.activity.forEach(({ onSignedOut }) => onSignedOut());
      case 'connection':
        return connection.report(notice.lost);
      case 'run':
        return this.runs.get(notice.runId)?.watcher.onEvent(notice.data);
      case 'run.end':
        return this.runs.get(notice.runId)?.watcher.onEnd();
      case 'run.error':
        return this.runs.get(notice.runId)?.watcher.onError(notice.code);
    }
  }

  private readonly onVisibility = (): void => {
    clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = setTimeout(() => this.sleep(true), HIDDEN_GRACE_MS);
    } else if (this.asleep) this.sleep(false);
    if (this.viewing !== undefined) this.say();
  };

  private sleep(asleep: boolean): void {
    this.asleep = asleep;
    this.sayNow();
  }
}

export const live = new Live();
