/** Something small that the demo model builds: it needs Node and no packages. */
export interface Recipe {
  /** Completes "I built …". */
  what: string;
  /** Where it goes if its names are taken. */
  folder: string;
  /** Contents by path. */
  code: Record<string, string>;
  tests: Record<string, string>;
  /** How a person uses it. */
  use: string;
}
