import { type Activity, readActivity } from '@saas-codex/contracts/activity';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { activitiesView } from '@saas-codex/event-log/activity/activity-view';
import type { FeedView } from '@saas-codex/event-log/sse/feed-client';
import { toSharedSession } from '../sessions/session-view.js';

/** The tenant's activities as readers by link get them: those of their session, without what they may not know of it. */
export const sharedActivityView = (sessionId: string): FeedView =>
  activitiesView((json) => {
    const activity = readActivity(json);
    if (!activity || activity.type === 'unknown' || activity.session_id !== sessionId) return null;
    const shared = toSharedActivity(activity);
    return shared && JSON.stringify(shared);
  });

/** @returns null for what is not for readers by link, as are types that will come */
function toSharedActivity(activity: Activity): Activity | null {
  switch (activity.type) {
    case 'session.updated': {
      const session = toSharedSession({ ...activity.session, network: NETWORK_OFF, setup: null });
      return { ...activity, session };
    }
    // It may be of a setup run. Of the others, the list of runs has the error.
    case 'run.status':
      return { ...activity, error: null, usage: null };
    case 'session.deleted':
    case 'session.progress':
      return activity;
    default:
      return null;
  }
}
