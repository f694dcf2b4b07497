/** A repository address as it was written, taken apart and normalised; its host is not checked yet. */
export interface ParsedAddress {
  /** Normalised, without credentials: what is stored, shown and set as `origin`. */
  url: string;
  scheme: 'https' | 'http' | 'ssh';
  /** Lower case ASCII name, or an IP address without brackets. */
  host: string;
  port: number;
}

/** A repository address that may be connected to, with the only network addresses that git will connect to. */
export interface RepoAddress extends ParsedAddress {
  /** What `host` resolved to when it was checked; never empty, IPv4 first. */
  pinnedTo: readonly string[];
}
