import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/*
 * Authenticated encryption, AES-256-GCM:
 *
 *     iv (12 bytes) | tag (16 bytes) | ciphertext
 *
 * The context (what the text is, and to whom it belongs) is authenticated, too. What was encrypted for one context cannot be
 * decrypted in another, so nothing can be moved from one row or run to another.
 */

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

/** It was encrypted with another key or for another context, or was changed since. */
export class DecryptionError extends Error {
  override name = 'DecryptionError';
}

/** A key for one purpose, made from a secret that nobody can guess. @param purpose distinguishes the keys of one secret */
export const deriveKey = (secret: string, purpose: string, bytes = KEY_BYTES): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes));

/** @param context must be the same to decrypt; its parts cannot run into each other */
export function encrypt(key: Buffer, plaintext: Buffer, context: readonly string[]): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(encoded(context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
}

/** @throws DecryptionError */
export function decrypt(key: Buffer, sealed: Buffer, context: readonly string[]): Buffer {
  try {
    const iv = sealed.subarray(0, IV_BYTES);
    const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES })
      .setAAD(encoded(context))
      .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw new DecryptionError('It cannot be decrypted with this key in this context.');
  }
}

const encoded = (context: readonly string[]) => Buffer.from(JSON.stringify(context));
