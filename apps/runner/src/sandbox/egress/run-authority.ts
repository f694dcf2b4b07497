import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/*
 * The certificate authority of one run, with which the egress proxy decrypts https to read-only hosts. Its key is created for
 * the run, cannot be exported, and is dropped with the run. Its certificate is trusted in the run's jail and nowhere else.
 */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 60 * 60 * 1_000;
/** Longer than any run takes. */
const VALID_MS = 30 * 24 * HOUR_MS;
/** Cached certificates. A wildcard rule may match any number of hosts. */
const MAX_CONTEXTS = 200;

export class RunAuthority {
  private readonly contexts = new Map<string, Promise<SecureContext>>();

  private constructor(
    private readonly certificate: X509Certificate,
    private readonly key: webcrypto.CryptoKey,
    /** Shared by all hosts; only the certificates differ. */
    private readonly hostKeys: webcrypto.CryptoKeyPair,
  ) {}

  static async create(): Promise<RunAuthority> {
    const [keys, hostKeys] = await Promise.all([
      webcrypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']),
      webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']),
    ]);
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        name: 'CN=saas-codex: hosts that this run may read',
        keys,
        ...validity(),
        signingAlgorithm: ALGORITHM,
        extensions: [
          new BasicConstraintsExtension(true, 0, true),
          new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
          await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ],
      },
      webcrypto,
    );
    return new RunAuthority(certificate, keys.privateKey, hostKeys);
  }

  /** PEM. */
  get pem(): string {
    return this.certificate.toString('pem');
  }

  /** For a TLS server of this host. @param host as `normaliseHost` returns it */
  contextFor(host: string): Promise<SecureContext> {
    const known = this.contexts.get(host);
    if (known) return known;
    if (this.contexts.size >= MAX_CONTEXTS) this.contexts.clear();
    const context = this.issue(host);
    this.contexts.set(host, context);
    return context;
  }

  private async issue(host: string): Promise<SecureContext> {
    const name = { type: isIP(host) === 0 ? 'dns' : 'ip', value: host } as const;
    const certificate = await X509CertificateGenerator.create(
      {
        subject: 'CN=saas-codex: read only',
        issuer: this.certificate.subject,
        publicKey: this.hostKeys.publicKey,
        signingKey: this.key,
        signingAlgorithm: ALGORITHM,
        ...validity(),
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([name]),
          await AuthorityKeyIdentifierExtension.create(this.certificate, false, webcrypto),
        ],
      },
      webcrypto,
    );
    const key = KeyObject.from(this.hostKeys.privateKey).export({ type: 'pkcs8', format: 'pem' });
    return createSecureContext({ key, cert: certificate.toString('pem'), minVersion: 'TLSv1.2' });
  }
}

const validity = () => ({
  notBefore: new Date(Date.now() - HOUR_MS),
  notAfter: new Date(Date.now() + VALID_MS),
});
