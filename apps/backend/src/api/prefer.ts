/** What a client prefers (RFC 7240). Preferences that we do not know, or that are malformed, are ignored. */
export interface Preferences {
  respondAsync: boolean;
  /** Seconds; undefined: not given. */
  wait?: number;
}

/** @param header the `Prefer` header, for example `respond-async, wait=30` */
export function parsePrefer(header = ''): Preferences {
  const preferences = header
    .split(',')
    .map((preference) => preference.split(';')[0]?.trim().toLowerCase() ?? '');
  const wait = preferences
    .map((preference) => /^wait\s*=\s*"?(\d{1,9})"?$/.exec(preference)?.[1])
    .find(Boolean);
  return {
    respondAsync: preferences.includes('respond-async'),
    ...(wait !== undefined && { wait: Number(wait) }),
  };
}
