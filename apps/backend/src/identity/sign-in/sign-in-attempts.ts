import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Attempts, LIMITS_TIMEOUT_MS } from '@saas-codex/service-kit/http/attempts';
import { clientNetwork } from '@saas-codex/service-kit/network/client-network';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { CONFIG, type Config } from '../../config.js';

/** Wrong passwords in a quarter of an hour. */
const PASSWORDS = { attempts: 10, seconds: 15 * 60 };
/** Wrong codes of one person in an hour. Whoever tries one knows the password already. */
const CODES = { attempts: 10, seconds: 60 * 60 };
/** Mails to one address in an hour. */
const MAILS = { attempts: 5, seconds: 60 * 60 };

/**
 * Counts what could be guessed, over all backends. A password's attempts are counted for an account *and* the network they come
 * from, so guessing locks out nobody who is elsewhere. An attempt counts before it is made, and also for accounts that do
 * not exist.
 */
@Injectable()
export class SignInAttempts implements OnApplicationShutdown {
  private readonly redis;
  private readonly passwords: Attempts;
  private readonly codes: Attempts;
  private readonly mails: Attempts;

  constructor(@Inject(CONFIG) { REDIS_URL }: Config) {
    this.redis = connectRedis(REDIS_URL, { commandTimeout: LIMITS_TIMEOUT_MS });
    this.passwords = new Attempts(this.redis, 'password', PASSWORDS);
    this.codes = new Attempts(this.redis, 'code', CODES);
    this.mails = new Attempts(this.redis, 'mail', MAILS);
  }

  /**
   * Runs `attempt`, which throws when the password is wrong. A right one makes the wrong ones before it forgotten.
   * @param account whose password it is @param address of the client, or what else tells clients apart
   * @throws ProblemError sign_in_locked
   */
  limitPassword<T>(account: string, address: string | undefined, attempt: () => Promise<T>): Promise<T> {
    const subject = [account, clientNetwork(address)];
    return limit(this.passwords, subject, 'reset your password', attempt);
  }

  /** Runs `attempt`, which throws when the code of an authenticator app is wrong. @throws ProblemError sign_in_locked */
  limitCode<T>(userId: string, attempt: () => Promise<T>): Promise<T> {
    return limit(this.codes, [userId], 'use a recovery code', attempt);
  }

  /** Whether one more mail may go to this address. */
  async mayMail(email: string): Promise<boolean> {
    return (await this.mails.take(email)) === null;
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

async function limit<T>(
  attempts: Attempts,
  subject: string[],
  remedy: string,
  attempt: () => Promise<T>,
): Promise<T> {
  const seconds = await attempts.take(...subject);
  if (seconds !== null) {
    throw new ProblemError('sign_in_locked', `Try again in ${Math.ceil(seconds / 60)} min, or ${remedy}.`, {
      headers: { 'retry-after': `${seconds}` },
    });
  }
  const result = await attempt();
  await attempts.forget(...subject);
  return result;
}
