import { CONFIRM_EMAIL_PATH, RESET_PASSWORD_PATH, SIGN_UP_PATH } from '@saas-codex/contracts/sign-in';
import type { Mail } from './mailer.js';

/*
 * What people get by mail. Nothing that a stranger typed is in it, so that it cannot be used to send somebody else's words.
 */

/** A link whose secret stays in the browser. */
export const linkTo = (publicUrl: string, path: string, token: string): string =>
  `${publicUrl}${path}#token=${token}`;

export const resetMail = (publicUrl: string, to: string, token: string): Mail => ({
  to,
  subject: 'Reset your password',
  text: `Somebody asked to reset the password of your account at ${publicUrl}.

Open this link within one hour to choose a new one. It works once:

${linkTo(publicUrl, RESET_PASSWORD_PATH, token)}

If it was not you, do nothing. Your password stays as it is.
`,
});

export const signUpMail = (publicUrl: string, to: string, token: string): Mail => ({
  to,
  subject: 'Create your account',
  text: `Somebody asked to create an account for this address at ${publicUrl}.

Open this link within one hour to choose a name and a password. It works once:

${linkTo(publicUrl, SIGN_UP_PATH, token)}

If it was not you, do nothing. Without the link there will be no account.
`,
});

export const confirmEmailMail = (publicUrl: string, to: string, token: string): Mail => ({
  to,
  subject: 'Confirm your new address',
  text: `Somebody asked to use this address for their account at ${publicUrl}.

If it was you, open this link within one hour in a browser in which you are signed in. It works once:

${linkTo(publicUrl, CONFIRM_EMAIL_PATH, token)}

If it was not you, do nothing.
`,
});

export const emailChangedMail = (publicUrl: string, to: string): Mail => ({
  to,
  subject: 'Your address was changed',
  text: `Your account at ${publicUrl} now has another address. This one signs in no more.

If it was not you, ask an admin of your organisation for help.
`,
});

export const accountExistsMail = (publicUrl: string, to: string): Mail => ({
  to,
  subject: 'You already have an account',
  text: `Somebody asked to create an account for this address at ${publicUrl}, but there is one already.

Sign in at ${publicUrl}/sign-in. If you do not know your password, reset it there.

If it was not you, do nothing.
`,
});
