/*
 * A service must not close an idle connection just when a client of ours writes to it: a request with a body could not be
 * repeated then. So the client closes first.
 */

/** How long a service keeps an idle connection. Longer than common load balancers do. */
export const SERVER_KEEP_ALIVE_MS = 75_000;
/** How long a client of ours keeps one. */
export const CLIENT_KEEP_ALIVE_MS = 30_000;
