import type { Permission } from '@saas-codex/contracts/permissions';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from './get-me.js';

/** Whether the person's role allows this. As long as the page does not know: yes, and the server decides. */
export function usePermission(permission: Permission): boolean {
  const { data: me } = useQuery(meQuery);
  return me?.permissions?.includes(permission) ?? true;
}
