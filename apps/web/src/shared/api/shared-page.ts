import { SHARED_PATH } from '@saas-codex/contracts/sharing';

/** The page of a link: `/shared/{share_link_id}`. */
const PAGE = /^\/shared\/([^/]+)/;
/** What a link serves. */
const SERVED = /^\/api(?=\/(sessions|runs|events)\b)/;

/** The link that this page shows a session by; undefined: the page is of somebody who is signed in, or wants to. */
export const shareLinkOfPage = (): string | undefined => PAGE.exec(location.pathname)?.[1];

/** The address for a path of the API: on the page of a link that of the link, where its cookie is sent. */
export function apiUrl(path: string): string {
  const shareLinkId = shareLinkOfPage();
  return shareLinkId === undefined ? path : path.replace(SERVED, `${SHARED_PATH}/${shareLinkId}`);
}
