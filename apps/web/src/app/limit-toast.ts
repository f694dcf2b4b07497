import type { LimitNoticeActivity } from '@saas-codex/contracts/activity';
import { describeLimit, formatAmount } from '@saas-codex/contracts/limits';
import type { QueryClient } from '@tanstack/react-query';
import { meQuery } from '../shared/api/get-me.js';
import { toastNotice } from '../shared/ui/toast.js';

/**
 * Tells the people whom a limit concerns that it is nearly or wholly used: those who may raise it, and who wrote the prompt;
 * of a limit of the whole organisation, everybody.
 */
export function showLimit(client: QueryClient, activity: LimitNoticeActivity): void {
  // What the settings show is out of date.
  void client.invalidateQueries({ queryKey: ['limits'] });
  const me = client.getQueryData(meQuery.queryKey);
  const concerns =
    activity.scope === 'tenant' ||
    activity.user_id === me?.user.user_id ||
    me?.permissions?.includes('limits:manage');
  if (!concerns) return;
  const { percentage, unit, used } = activity;
  const title = percentage >= 100 ? 'A limit is reached' : `${percentage}% of a limit are used`;
  toastNotice(title, `${formatAmount(used, unit)} of ${describeLimit(activity)} are used.`);
}
