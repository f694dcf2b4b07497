import { createHash } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';

/** A key pair, in the texts of OpenSSH. */
export interface SshKeyPair {
  privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  publicKey: string;
}

export function generateSshKey(): SshKeyPair {
  const { private: privateKey } = ssh2.utils.generateKeyPairSync('ed25519');
  const pair = readSshKey(privateKey);
  if (pair === null) throw new Error('A new key cannot be read.');
  return pair;
}

/** @returns the pair of a private key; null: it is none, or has a passphrase */
export function readSshKey(privateKey: string): SshKeyPair | null {
  const key: ParsedKey | Error = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error || !key.isPrivateKey()) return null;
  return { privateKey, publicKey: `${key.type} ${key.getPublicSSH().toString('base64')}` };
}

/** As ssh shows it to people: `SHA256:…` @param key such as `ssh-ed25519 AAAA…` */
export function fingerprintOf(key: string): string {
  const bytes = Buffer.from(key.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
}
