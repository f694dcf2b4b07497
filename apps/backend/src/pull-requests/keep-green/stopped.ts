import type { KeepGreenStop } from '@saas-codex/contracts/keep-green';

/** Why a pull request is no longer kept green by itself. */
export class Stopped extends Error {
  override name = 'Stopped';

  /** @param detail for a person */
  constructor(
    readonly reason: KeepGreenStop,
    readonly detail: string,
  ) {
    super(`${reason}: ${detail}`);
  }
}
