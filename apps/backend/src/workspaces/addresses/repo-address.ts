/** A repository address that was checked, with the network address that git will connect to. */
export interface RepoAddress {
  /** Normalised, without credentials: what is stored, shown and set as `origin`. */
  url: string;
  scheme: 'https' | 'http' | 'ssh';
  /** Lower case ASCII name, or an IP literal without brackets. */
  host: string;
  port: number;
  /** The checked IP address that the connection is pinned to. */
  pinnedTo: string;
}
