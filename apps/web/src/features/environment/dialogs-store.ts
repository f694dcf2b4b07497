import { createStore } from '../../shared/lib/store.js';
import type { Refusal } from '../timeline/fold/run-timeline.js';

/** The one dialog about what a session's commands may reach and find; opened from menus, the header, the timeline. */
interface EnvironmentDialog {
  readonly about: 'network' | 'setup';
  readonly sessionId: string;
  /** A refused connection that it comes with, allowed. */
  readonly allow?: Refusal;
}

export const environmentDialog = createStore<EnvironmentDialog | null>(null);

export const openEnvironmentDialog = (dialog: EnvironmentDialog): void => environmentDialog.write(dialog);
