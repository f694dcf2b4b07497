import { hashPassword, verifyPassword } from 'better-auth/crypto';
import pLimit from 'p-limit';

/**
 * Passwords that are hashed at the same time. Each takes one of the four threads on which Node also works on files and looks up
 * names, for about a tenth of a second. So sign-ins, however many there are, keep nothing else waiting.
 */
const inTurn = pLimit(2);

/** better-auth's own functions for passwords, a few at a time. */
export const passwordHashing = {
  hash: (password: string): Promise<string> => inTurn(hashPassword, password),
  verify: (given: { hash: string; password: string }): Promise<boolean> => inTurn(verifyPassword, given),
};

/** Passwords that wait for their turn. */
export const waitingPasswords = (): number => inTurn.pendingCount;
