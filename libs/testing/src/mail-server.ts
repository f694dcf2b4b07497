import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { waitFor } from './wait-for.js';

export interface ReceivedMail {
  to: string;
  /** Headers and text as they arrived, with quoted-printable line breaks taken out. */
  text: string;
}

export interface MailServer {
  url: string;
  mails: ReceivedMail[];
  /** Waits for the next mail to this address that nobody has taken. */
  take(to: string): Promise<ReceivedMail>;
  /** Answers the next `count` mails with this SMTP code. */
  refuse(code: number, count: number): void;
  stop(): Promise<void>;
}

/** A real SMTP server on loopback that wants a user name and this password, and keeps what it receives. */
export async function startMailServer(secret = 'mail-password'): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const taken = new Set<ReceivedMail>();
  let refusals = { code: 0, left: 0 };
  const server = new SMTPServer({
    // Its certificate would be one that nobody trusts.
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      username === 'mailer' && password === secret
        ? done(null, { user: username })
        : done(new Error('wrong password')),
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (refusals.left > 0) {
          refusals.left -= 1;
          return done(Object.assign(new Error('refused'), { responseCode: refusals.code }));
        }
        const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=');
        for (const { address } of envelope.rcptTo) mails.push({ to: address, text });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://mailer:${secret}@127.0.0.1:${port}`,
    mails,
    take: (to) =>
      waitFor(
        async () => {
          const mail = mails.find((each) => each.to === to && !taken.has(each));
          if (mail) taken.add(mail);
          return mail;
        },
        { what: `a mail to ${to}` },
      ),
    refuse: (code, count) => {
      refusals = { code, left: count };
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
