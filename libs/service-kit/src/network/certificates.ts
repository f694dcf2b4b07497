import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { ConfigError } from '../config.js';

/** The system's certificate authorities on Debian, Red Hat and Alpine. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

/** PEM of the authorities that this system trusts, and of more. */
export async function trustedCertificates(more: string): Promise<string> {
  for (const path of BUNDLES) {
    const bundle = await readFile(path, 'utf8').catch(() => null);
    if (bundle !== null) return `${bundle.trimEnd()}\n${more}\n`;
  }
  return [...rootCertificates, more, ''].join('\n');
}

/**
 * PEM of the operator's authorities. Node itself has read the file at the start, and was silent if it could not.
 * @returns null: there are none
 * @throws ConfigError
 */
export async function readExtraCertificates(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  const pem = await readFile(path, 'utf8').catch(() => '');
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem.trim();
  throw new ConfigError(`NODE_EXTRA_CA_CERTS: ${path} cannot be read, or has no certificate in PEM format.`);
}
