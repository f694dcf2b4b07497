import type { Permission } from '@saas-codex/contracts/permissions';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from './get-me.js';
import { shareLinkOfPage } from './shared-page.js';

/** Whether the person's role allows this. As long as the page does not know: yes, and the server decides. Nobody may anything by a link. */
export function usePermission(permission: Permission): boolean {
  const byLink = shareLinkOfPage() !== undefined;
  const { data: me } = useQuery(meQuery);
  if (byLink) return false;
  return me?.permissions?.includes(permission) ?? true;
}
