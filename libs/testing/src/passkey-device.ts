import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

interface Given {
  challenge: string;
  /** The page that asks. */
  origin: string;
  /** What the page says its host is; by default it says the truth. */
  host?: string;
  counter?: number;
  /** Whether the person has proved that it is them, with a finger or a PIN. */
  verified?: boolean;
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest();
const encode = (data: Buffer | string) => Buffer.from(data).toString('base64url');
const UP = 1;
const UV = 4;
const AT = 64;

/** A device with one passkey (WebAuthn, ES256, no attestation), which signs whatever page asks it. */
export function passkeyDevice() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const id = randomBytes(32);
  const clientData = (type: string, { challenge, origin }: Given) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  const authenticatorData = ({ origin, host, counter = 1, verified = true }: Given, flags = 0) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(UP | (verified ? UV : 0) | flags);
    head.writeUInt32BE(counter, 1);
    return Buffer.concat([sha256(host ?? new URL(origin).hostname), head]);
  };
  const credential = <T>(response: T) => ({
    id: encode(id),
    rawId: encode(id),
    type: 'public-key' as const,
    clientExtensionResults: {},
    response,
  });
  return {
    /** A RegistrationResponseJSON. */
    create(given: Given) {
      // CBOR: the key as COSE, then { fmt: 'none', attStmt: {}, authData }.
      const key = Buffer.concat([
        Buffer.from('a5010203262001215820', 'hex'),
        Buffer.from(x, 'base64url'),
        Buffer.from('225820', 'hex'),
        Buffer.from(y, 'base64url'),
      ]);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const data = Buffer.concat([authenticatorData(given, AT), Buffer.alloc(16), length, id, key]);
      const size = Buffer.alloc(2);
      size.writeUInt16BE(data.length);
      const attestation = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex'),
        Buffer.from('59', 'hex'),
        size,
        data,
      ]);
      return credential({
        clientDataJSON: encode(clientData('webauthn.create', given)),
        attestationObject: encode(attestation),
        transports: ['internal'],
      });
    },
    /** An AuthenticationResponseJSON. */
    sign(given: Given) {
      const [data, client] = [authenticatorData(given), clientData('webauthn.get', given)];
      return credential({
        clientDataJSON: encode(client),
        authenticatorData: encode(data),
        signature: encode(sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)),
      });
    },
  };
}
