import { createHash, randomBytes } from 'node:crypto';
import { base32 } from '@better-auth/utils/base32';
import { createOTP } from '@better-auth/utils/otp';
import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  CODE_DIGITS,
  type RecoveryCodes,
  type RemoveSecondFactor,
  type SecondFactorSetup,
} from '@saas-codex/contracts/second-factor';
import type { Credentials } from '@saas-codex/contracts/sign-in';
import { ProblemError } from '@saas-codex/service-kit/problem';
import {
  constantTimeEqual,
  generateRandomString,
  symmetricDecrypt,
  symmetricEncrypt,
} from 'better-auth/crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { SystemDatabase } from '../../../database/system-database.js';
import { AUTH, type Auth } from '../../better-auth.js';
import { signedInPerson } from '../../person.js';
import type { CallerContext } from '../../request-context.js';
import { Passwords } from '../passwords.js';
import { SignInAttempts } from '../sign-in-attempts.js';

const PERIOD_MS = 30_000;
/** Steps before and after the present one whose codes count, for clocks that are wrong. */
const STEPS = [0, -1, 1];
/** Characters of a secret: 119 random bits. */
const SECRET_LENGTH = 20;
const RECOVERY_CODES = 10;
/** 80 random bits, so nobody guesses them, and a plain hash keeps them. */
const RECOVERY_CODE_BYTES = 10;
const APP_CODE = new RegExp(`^\\d{${CODE_DIGITS}}$`);

/** A secret is encrypted with whose it is, so that one that is copied to another row is no secret there. */
const Sealed = z.object({ userId: z.string(), secret: z.string() });

const START = `
  INSERT INTO second_factors (user_id, secret) VALUES ($1, $2)
  ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = now()
   WHERE second_factors.confirmed_at IS NULL
  RETURNING user_id`;

/** $2: the step of the code, $3: the secret that it fits, $4: hashes of recovery codes, $5: the one sign-in that stays. */
const CONFIRM = `
  WITH confirmed AS (
    UPDATE second_factors SET confirmed_at = now(), last_step = $2
     WHERE user_id = $1 AND secret = $3 AND confirmed_at IS NULL RETURNING user_id),
  codes AS (
    INSERT INTO recovery_codes (user_id, code_hash) SELECT user_id, unnest($4::text[]) FROM confirmed),
  others AS (
    DELETE FROM user_sessions s USING confirmed c WHERE s.user_id = c.user_id AND s.id <> $5)
  SELECT user_id FROM confirmed`;

/** Of any number of requests with a code, one uses it; after a code, no older one works. */
const USE_STEP = `
  UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2 RETURNING user_id`;
const USE_RECOVERY_CODE =
  'DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id';

const STATE = `
  SELECT (SELECT count(*)::int FROM recovery_codes r WHERE r.user_id = f.user_id) AS left
    FROM second_factors f WHERE f.user_id = $1 AND f.confirmed_at IS NOT NULL`;

interface Row {
  secret: string;
  confirmed: boolean;
}

/**
 * Codes of authenticator apps (TOTP, RFC 6238), which signing in with a password also takes:
 *
 *     start ──► a secret, for the app ──► confirm with its first code ──► recovery codes, shown once, kept as hashes
 *
 * better-auth's plugin is not used: with it a code works twice, recovery codes can be read, and strangers' mistakes lock people out.
 */
@Injectable()
export class SecondFactors {
  private readonly logger = new Logger(SecondFactors.name);

  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly system: SystemDatabase,
    private readonly passwords: Passwords,
    private readonly attempts: SignInAttempts,
  ) {}

  async stateOf(userId: string): Promise<NonNullable<Credentials['second_factor']>> {
    const [found] = await this.system.query<{ left: number }>(STATE, [userId]);
    return { enabled: found !== undefined, recovery_codes: found?.left ?? 0 };
  }

  /**
   * Makes a secret, which counts once it is confirmed.
   * @throws ProblemError person_required, password_wrong, sign_in_locked, sign_in_too_old, second_factor_exists
   */
  async start(ctx: CallerContext, password: string | undefined, req: Request): Promise<SecondFactorSetup> {
    await this.passwords.prove(ctx, password, req);
    const { userId } = signedInPerson(ctx.actor);
    const { secretConfig, internalAdapter } = await this.auth.$context;
    const secret = generateRandomString(SECRET_LENGTH);
    const sealed = await symmetricEncrypt({ key: secretConfig, data: JSON.stringify({ userId, secret }) });
    if ((await this.system.query(START, [userId, sealed])).length === 0) throw exists();
    const user = await internalAdapter.findUserById(userId);
    return {
      secret: base32.encode(secret, { padding: false }),
      uri: createOTP(secret).url('saas-codex', user?.email ?? userId),
    };
  }

  /**
   * Ends the person's other sign-ins.
   * @throws ProblemError person_required, second_factor_missing, second_factor_exists, second_factor_wrong
   */
  async confirm({ actor }: CallerContext, given: string): Promise<RecoveryCodes> {
    const { signInId, userId } = signedInPerson(actor);
    const factor = await this.find(userId);
    if (!factor) throw missing();
    if (factor.confirmed) throw exists();
    const step = await this.stepOf(userId, factor, plain(given));
    if (step === null) throw wrong();
    const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
    const values = [userId, step, factor.secret, codes.map((code) => hashOf(plain(code))), signInId];
    if ((await this.system.query(CONFIRM, values)).length === 0) throw exists();
    return { recovery_codes: codes };
  }

  /**
   * @throws ProblemError person_required, password_wrong, sign_in_locked, sign_in_too_old, second_factor_missing,
   * second_factor_wrong
   */
  async remove(ctx: CallerContext, body: RemoveSecondFactor, req: Request): Promise<void> {
    await this.passwords.prove(ctx, body.current_password, req);
    const { userId } = signedInPerson(ctx.actor);
    if (!(await this.find(userId))?.confirmed) throw missing();
    await this.use(userId, body.code);
    await this.delete(userId);
  }

  /**
   * For a member who has lost their app and their recovery codes.
   * @throws ProblemError person_required, member_not_found, second_factor_reset_forbidden, second_factor_missing
   */
  async reset(ctx: CallerContext, userId: string): Promise<void> {
    await this.passwords.memberToReset(ctx, userId, 'second factor');
    if (!(await this.find(userId))?.confirmed) throw missing('This member signs in without a code already.');
    await this.delete(userId);
  }

  /**
   * Of somebody whose password is right.
   * @throws ProblemError second_factor_required, second_factor_wrong, sign_in_locked
   */
  async require(userId: string, given: string | undefined): Promise<void> {
    if (!(await this.find(userId))?.confirmed) return;
    if (given === undefined) {
      throw new ProblemError(
        'second_factor_required',
        'Enter the code that your authenticator app shows, or a recovery code.',
      );
    }
    await this.use(userId, given);
  }

  private async use(userId: string, given: string): Promise<void> {
    const code = plain(given);
    if (APP_CODE.test(code)) return this.attempts.limitCode(userId, () => this.useAppCode(userId, code));
    const used = await this.system.query(USE_RECOVERY_CODE, [userId, hashOf(code)]);
    if (used.length === 0) throw wrong();
  }

  private async useAppCode(userId: string, code: string): Promise<void> {
    const factor = await this.find(userId);
    const step = factor ? await this.stepOf(userId, factor, code) : null;
    if (step === null || (await this.system.query(USE_STEP, [userId, step])).length === 0) throw wrong();
  }

  /** @returns of which step it is the code; null: of none that counts now */
  private async stepOf(userId: string, { secret: sealed }: Row, code: string): Promise<number | null> {
    const secret = await this.open(userId, sealed);
    if (secret === null) return null;
    const otp = createOTP(secret);
    const now = Math.floor(Date.now() / PERIOD_MS);
    for (const offset of STEPS) {
      const right = await otp.hotp(now + offset);
      if (constantTimeEqual(Buffer.from(code), Buffer.from(right))) return now + offset;
    }
    return null;
  }

  /** @returns null: AUTH_SECRET was changed; or the secret is not this person's */
  private async open(userId: string, sealed: string): Promise<string | null> {
    const { secretConfig: key } = await this.auth.$context;
    try {
      const opened = Sealed.parse(JSON.parse(await symmetricDecrypt({ key, data: sealed })));
      if (opened.userId === userId) return opened.secret;
    } catch {
      // What could not be decrypted may be part of the error.
    }
    this.logger.error(
      'The secret of an authenticator app cannot be read. AUTH_SECRET may have been changed.',
    );
    return null;
  }

  private async find(userId: string): Promise<Row | undefined> {
    const [row] = await this.system.query<Row>(
      'SELECT secret, confirmed_at IS NOT NULL AS confirmed FROM second_factors WHERE user_id = $1',
      [userId],
    );
    return row;
  }

  private async delete(userId: string): Promise<void> {
    await this.system.query('DELETE FROM second_factors WHERE user_id = $1', [userId]);
  }
}

const plain = (code: string): string => code.replaceAll(/[\s-]/g, '').toUpperCase();
const hashOf = (code: string): string => createHash('sha256').update(code).digest('base64url');
const newRecoveryCode = (): string =>
  base32.encode(randomBytes(RECOVERY_CODE_BYTES), { padding: false }).replaceAll(/.{4}(?=.)/g, '$&-');

const wrong = () =>
  new ProblemError(
    'second_factor_wrong',
    'Each code works once. Wait for the next one, or use a recovery code.',
  );
const missing = (detail = 'Set it up in Settings first.') =>
  new ProblemError('second_factor_missing', detail);
const exists = () => new ProblemError('second_factor_exists', 'Remove it first, then set up another one.');
