import type { SessionUpdatedActivity } from '@saas-codex/contracts/activity';
import type { Session } from '@saas-codex/contracts/sessions';
import type { QueryClient } from '@tanstack/react-query';
import { newsOf } from '../entities/session/session-news.js';
import { meQuery } from '../shared/api/get-me.js';
import { wantsNotification } from '../shared/notifications/consent.js';
import { live } from '../shared/sse/live.js';

/**
 * Shows a notification of what an activity tells the person, if they want it. Every tab hears of it; the hub of all tabs lets one
 * of them show it, and none while a tab shows the session.
 * @param before the session as the page had it; undefined: the page did not know it
 */
export function notify(
  client: QueryClient,
  activity: SessionUpdatedActivity,
  before: Session | undefined,
  openSession: (sessionId: string) => void,
): void {
  const { session_id: sessionId, title } = activity.session;
  const me = client.getQueryData(meQuery.queryKey);
  const news = me && newsOf(activity, before, me.user.user_id);
  if (!news || !wantsNotification(news.kind)) return;
  live.claim(news.key, sessionId, () =>
    show(title, { body: news.text, tag: news.key, icon: '/favicon.svg' }, () => openSession(sessionId)),
  );
}

function show(title: string, options: NotificationOptions, onClick: () => void): void {
  try {
    const notification = new Notification(title, options);
    notification.addEventListener('click', () => {
      window.focus();
      notification.close();
      onClick();
    });
  } catch {
    // Some browsers on phones have the constructor and refuse it to pages.
  }
}
