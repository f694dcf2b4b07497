import { type ParsedAddress, parseAddress } from '../addresses/parse-address.js';

/** What git asks a host for first, behind the repository's own address. */
const FIRST_REQUEST = /\/info\/refs(\?.*)?$/;
/** A line of GIT_TRACE_CURL. */
const LOCATION = /Recv header: location: (\S+)/i;

/** Makes git print the headers that it receives, and no bodies. git leaves credentials out itself. */
export const TRACE_HEADERS = { GIT_TRACE_CURL: '1', GIT_TRACE_CURL_NO_DATA: '1' };

/**
 * The repository that a redirect leads to.
 * @param trace what git printed with TRACE_HEADERS
 * @returns null: none is named, or it is no repository address that we accept
 */
export function readRedirectTarget(trace: string, from: ParsedAddress): string | null {
  const location = LOCATION.exec(trace)?.[1];
  if (location === undefined) return null;
  try {
    const target = new URL(location, `${from.url}/info/refs`).href;
    return FIRST_REQUEST.test(target) ? parseAddress(target.replace(FIRST_REQUEST, '')).url : null;
  } catch {
    return null;
  }
}
