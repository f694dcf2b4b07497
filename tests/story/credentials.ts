import { randomUUID } from 'node:crypto';
import type { CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { SavedAuditWebhook } from '@saas-codex/contracts/audit-webhook';
import type { CreatedInvitation } from '@saas-codex/contracts/members';
import type { PasskeyOptions } from '@saas-codex/contracts/passkeys';
import type { ServiceAccount } from '@saas-codex/contracts/service-accounts';
import type { CreatedShareLink } from '@saas-codex/contracts/sharing';
import { appCode } from '@saas-codex/testing/authenticator-app';
import type { MailServer } from '@saas-codex/testing/mail-server';
import type { System } from '@saas-codex/testing/system';
import type { Browser, Page } from 'playwright-core';

const PERSON = { name: 'Ada', email: 'ada@example.com' };

interface Given {
  system: System;
  /** The owner's, who is signed in at a browser. */
  cookie: string;
  mail: MailServer;
  browser: Browser;
  /** Is shared. */
  sessionId: string;
  /** Gets the entries of the audit log. */
  webhookUrl: string;
  password: string;
}

/** What people and programs are given to get in, each by name, and the tabs in which it was used. */
export interface Credentials {
  known: Record<string, string>;
  person: Page;
  reader: Page;
}

const tokenOf = (link: string | null) => new URL(link ?? '').hash.replace('#token=', '');

/**
 * Makes and uses one credential of each kind. A person comes by an invitation, and gets a password by mail, an authenticator
 * app, and a key; a reader opens a link to a session. The answers and pages that show a credential once are not kept.
 */
export async function useCredentials(given: Given): Promise<Credentials> {
  const { system, cookie, mail, browser, sessionId, webhookUrl, password } = given;
  const send = async <T>(method: string, path: string, body: object): Promise<T> => {
    const headers = {
      cookie,
      origin: system.url,
      'content-type': 'application/json',
      // What is saved for a repetition must not hold the credential.
      'idempotency-key': randomUUID(),
    };
    const request = () => fetch(system.url + path, { method, headers, body: JSON.stringify(body) });
    const answer = await request();
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    await request();
    return (text === '' ? {} : JSON.parse(text)) as T;
  };
  const post = <T>(path: string, body: object) => send<T>('POST', path, body);
  const tab = async (address: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(address);
    return page;
  };

  const personal = await post<CreatedApiKey>('/api/api-keys', { name: 'Personal' });
  const account = await post<ServiceAccount>('/api/service-accounts', { name: 'Program' });
  const program = await post<CreatedApiKey>(`/api/service-accounts/${account.service_account_id}/keys`, {
    name: 'Program',
  });
  for (const { key } of [personal, program])
    await fetch(`${system.url}/api/me`, { headers: { authorization: `Bearer ${key}` } });
  const webhook = await send<SavedAuditWebhook>('PUT', '/api/audit/webhook', { url: webhookUrl });
  const link = await post<CreatedShareLink>(`/api/sessions/${sessionId}/share-links`, {});
  const invitation = await post<CreatedInvitation>('/api/invitations', { role: 'member' });
  const unused = await post<CreatedInvitation>('/api/invitations', { role: 'viewer', expires_in_days: 1 });

  const person = await tab(invitation.link ?? '');
  await person.getByRole('textbox', { name: 'Your name' }).fill(PERSON.name);
  await person.getByRole('textbox', { name: 'E-mail address' }).fill(PERSON.email);
  await person.getByRole('button', { name: 'Create an account and join' }).click();
  await person.getByRole('link', { name: `${PERSON.name} Settings` }).waitFor();

  // Two links, of which one is not used.
  const asked = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: PERSON.email }),
  };
  for (let links = 0; links < 2; links++) await fetch(`${system.url}/api/auth/password-reset`, asked);
  const mails = [await mail.take(PERSON.email), await mail.take(PERSON.email)];
  const resets = mails.map(({ text }) => /http\S+#token=\S+/.exec(text)?.[0] ?? '');
  await person.goto(resets[1] ?? '');
  await person.getByLabel('New password', { exact: true }).fill(password);
  await person.getByRole('button', { name: 'Set password', exact: true }).click();
  await person.getByRole('link', { name: 'Back to signing in' }).click();
  await person.getByLabel('Email').fill(PERSON.email);
  await person.getByLabel('Password').fill(password);
  await person.getByRole('button', { name: 'Sign in', exact: true }).click();
  await person.getByRole('link', { name: `${PERSON.name} Settings` }).click();

  await person.getByRole('button', { name: 'Set up an app', exact: true }).click();
  await person.getByLabel('Current password').fill(password);
  await person.getByRole('button', { name: 'Continue', exact: true }).click();
  await person.getByRole('img', { name: 'The secret as a QR code' }).waitFor();
  const appSecret = (await person.getByRole('dialog').locator('code').textContent()) ?? '';
  await person.getByLabel('Code').fill(appCode(appSecret));
  await person.getByRole('button', { name: 'Confirm', exact: true }).click();
  const codes = person.getByRole('status').getByRole('listitem');
  await codes.first().waitFor();
  const recoveryCode = (await codes.first().textContent()) ?? '';
  await person.getByRole('button', { name: 'I have kept them' }).click();

  await person.getByRole('link', { name: 'API keys' }).click();
  await person.getByRole('textbox', { name: 'Name' }).fill('From the page');
  await person.getByRole('button', { name: 'Create key' }).click();
  await person.getByText('It is not shown again.').waitFor();
  const shownKey = (await person.getByRole('status').locator('code').textContent()) ?? '';
  const challenge = await person.evaluate<PasskeyOptions>(
    `fetch('/api/auth/sign-in/passkey/options', { method: 'POST' }).then((answer) => answer.json())`,
  );

  const reader = await tab(link.link ?? '');
  await reader.getByText('shares this session with you, read-only.').waitFor();
  const [shareCookie] = await reader.context().cookies();

  return {
    person,
    reader,
    known: {
      personalKey: personal.key ?? '',
      programKey: program.key ?? '',
      shownKey,
      invitationToken: tokenOf(invitation.link),
      unusedInvitationToken: tokenOf(unused.link),
      resetToken: tokenOf(resets[1] ?? ''),
      unusedResetToken: tokenOf(resets[0] ?? ''),
      password,
      appSecret,
      recoveryCode,
      webhookSecret: webhook.secret ?? '',
      passkeyChallenge: challenge.challenge,
      shareToken: tokenOf(link.link),
      // What is before the signature is no secret.
      shareCookie: shareCookie?.value.split('.')[1] ?? '',
    },
  };
}
