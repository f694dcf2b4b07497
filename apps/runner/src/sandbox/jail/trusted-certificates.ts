import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';

/** The system's authorities, as Debian, Red Hat and Alpine keep them. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

/** PEM of the authorities that this system trusts, and one more. */
export async function trustedCertificates(authority: string): Promise<string> {
  for (const path of BUNDLES) {
    const bundle = await readFile(path, 'utf8').catch(() => null);
    if (bundle !== null) return `${bundle.trimEnd()}\n${authority}\n`;
  }
  return [...rootCertificates, authority, ''].join('\n');
}
