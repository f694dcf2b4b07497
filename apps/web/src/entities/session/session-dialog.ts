import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { createStore } from '../../shared/lib/store.js';
import type { Refusal } from '../environment/network-modes.js';

/** The one dialog that is open about a session. Menus, the header and the timeline open it; the app shell shows it. */
export interface SessionDialog {
  readonly about:
    | 'rename'
    | 'share'
    | 'delete'
    | 'network'
    | 'setup'
    | 'secrets'
    | 'trust'
    | 'approvals'
    | 'visibility'
    | 'owner'
    | 'rewind'
    | 'review'
    | 'compact'
    | 'checks'
    | 'patch'
    | 'edit-file'
    | 'ship'
    | 'pull-request';
  /** The session as it was when the dialog opened. */
  readonly session: Session;
  /** A refused connection for the dialog to allow. */
  readonly allow?: Refusal;
  /** Of the dialog about going back. */
  readonly rewind?: RewindTarget;
  /** Of the dialog in which a file is edited. */
  readonly file?: FileAtTree;
}

/** A file as it was in a state of the session. */
export interface FileAtTree {
  readonly path: string;
  readonly tree: string;
}

/** Going back to before a run. */
export interface RewindTarget {
  readonly run: Run;
  /** Its prompt is then to be edited. */
  readonly resend: boolean;
}

export const sessionDialog = createStore<SessionDialog | null>(null);

export const openSessionDialog = (dialog: SessionDialog): void => sessionDialog.write(dialog);
export const closeSessionDialog = (): void => sessionDialog.write(null);
