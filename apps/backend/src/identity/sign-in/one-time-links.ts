import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ProviderId } from '@saas-codex/contracts/sign-in';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { AUTH, type Auth } from '../better-auth.js';

const RANDOM_BYTES = 32;
/** In base64url. */
const RANDOM_LENGTH = 43;

/** What a link is for; for a provider, it is the state of a sign-in there, and for a GitHub App that of making one. better-auth itself takes those that reset a password. */
export type LinkKind =
  | 'reset-password'
  | 'sign-up'
  | 'change-email'
  | ProviderId
  | 'passkey-sign-in'
  | 'passkey-creation'
  | 'github-app';

/** The secrets of links that work once. Postgres keeps their hashes, in `verifications`. */
@Injectable()
export class OneTimeLinks {
  constructor(@Inject(AUTH) private readonly auth: Auth) {}

  /**
   * @param value what the link stands for
   * @param madeBy goes into the secret, where its holder can read it but not change it
   * @returns the link's secret, which cannot be read again
   */
  async issue(kind: LinkKind, value: string, expiresAt: Date, madeBy?: string): Promise<string> {
    const random = randomBytes(RANDOM_BYTES).toString('base64url');
    const token = madeBy === undefined ? random : `${random}-${madeBy}`;
    const { adapter, internalAdapter } = await this.auth.$context;
    // Strangers can have links made and never use them.
    const expired = { field: 'expiresAt', operator: 'lt', value: new Date() } as const;
    await adapter.deleteMany({ model: 'verification', where: [expired] });
    await internalAdapter.createVerificationValue({ identifier: `${kind}:${token}`, value, expiresAt });
    return token;
  }

  /** @returns what the link stands for, and who has made it if somebody is named; undefined: it was used or is too old */
  async find(kind: LinkKind, token: string): Promise<{ value: string; madeBy?: string } | undefined> {
    const madeBy = token.slice(RANDOM_LENGTH + 1);
    const { internalAdapter } = await this.auth.$context;
    const found = await internalAdapter.findVerificationValue(`${kind}:${token}`);
    return found ? { value: found.value, ...(madeBy !== '' && { madeBy }) } : undefined;
  }

  /** Of any number of callers, one gets the link's value. @throws ProblemError link_invalid */
  async take(kind: LinkKind, token: string): Promise<string> {
    const { internalAdapter } = await this.auth.$context;
    const taken = await internalAdapter.consumeVerificationValue(`${kind}:${token}`);
    if (!taken) throw linkInvalid();
    return taken.value;
  }
}

export const linkInvalid = () =>
  new ProblemError('link_invalid', 'The link has been used already or is too old. Ask for a new one.');
