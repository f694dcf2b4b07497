import { SHARED_PATH } from '@saas-codex/contracts/sharing';

/** The page of a link: `/shared/{share_link_id}`. */
const PAGE = /^\/shared\/([^/]+)/;
/** What a link serves. */
const SERVED = /^\/api(?=\/(sessions|runs|events)\b)/;

let shareLinkId: string | undefined;

/** Called once, when the page is loaded: no link leads from the page of a link to another one of this app, or back. */
export const startPage = (pathname: string): void => void (shareLinkId = PAGE.exec(pathname)?.[1]);

/** The link that this page shows a session by; undefined: the page is of somebody who is signed in, or wants to. */
export const shareLinkOfPage = (): string | undefined => shareLinkId;

/** The address for a path of the API: on the page of a link that of the link, where its cookie is sent. */
export const apiUrl = (path: string): string =>
  shareLinkId === undefined ? path : path.replace(SERVED, `${SHARED_PATH}/${shareLinkId}`);
