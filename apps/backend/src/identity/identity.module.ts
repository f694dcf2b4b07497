import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { CONFIG, type Config } from '../config.js';
import { SystemDatabase } from '../database/system-database.js';
import { ApiKeys } from './api-keys.js';
import { AUTH, createAuth } from './better-auth.js';
import { AuthGuard } from './auth.guard.js';
import { Authentication } from './authentication.js';
import { FirstStart } from './first-start.js';
import { MeController } from './me.controller.js';
import { Memberships } from './memberships.js';
import { ShareLinkReaders } from './share-link-readers.js';
import { StreamAccess } from './stream-access.js';
import { ROLE_TABLE, RoutePermissions, roleTable } from './permissions.js';
import { Account } from './sign-in/account.js';
import { AccountController } from './sign-in/account.controller.js';
import { MailedLinks } from './sign-in/mailed-links.js';
import { Mailer } from './sign-in/mailer.js';
import { OneTimeLinks } from './sign-in/one-time-links.js';
import { OwnOrganisations } from './sign-in/own-organisations.js';
import { PasskeyStore } from './sign-in/passkeys/passkey-store.js';
import { PasskeysController } from './sign-in/passkeys/passkeys.controller.js';
import { Passkeys } from './sign-in/passkeys/passkeys.js';
import { PasswordSignIns } from './sign-in/password-sign-ins.js';
import { Passwords } from './sign-in/passwords.js';
import { PasswordsController } from './sign-in/passwords.controller.js';
import { GithubController } from './sign-in/providers/github.controller.js';
import { GithubProvider } from './sign-in/providers/github-provider.js';
import { OidcController } from './sign-in/providers/oidc.controller.js';
import { OidcProvider } from './sign-in/providers/oidc-provider.js';
import { ProviderAccounts } from './sign-in/providers/provider-accounts.js';
import { ProviderFetch } from './sign-in/providers/provider-fetch.js';
import { ProviderSignIns } from './sign-in/providers/provider-sign-ins.js';
import { SecondFactorController } from './sign-in/second-factor/second-factor.controller.js';
import { SecondFactors } from './sign-in/second-factor/second-factors.js';
import { SignInAttempts } from './sign-in/sign-in-attempts.js';
import { SignIns } from './sign-in/sign-ins.js';
import { SignInController } from './sign-in/sign-in.controller.js';

/** Who may do what: people, tenants, roles, cookies and API keys. Every request passes the guard. */
@Module({
  imports: [DiscoveryModule],
  controllers: [
    SignInController,
    OidcController,
    GithubController,
    PasswordsController,
    PasskeysController,
    SecondFactorController,
    AccountController,
    MeController,
  ],
  providers: [
    {
      provide: AUTH,
      inject: [SystemDatabase, CONFIG],
      useFactory: ({ pool }: SystemDatabase, { AUTH_SECRET, PUBLIC_URL }: Config) =>
        createAuth({ pool, secret: AUTH_SECRET, publicUrl: PUBLIC_URL }),
    },
    { provide: ROLE_TABLE, useFactory: roleTable },
    Account,
    ApiKeys,
    Authentication,
    FirstStart,
    GithubProvider,
    MailedLinks,
    Mailer,
    Memberships,
    OidcProvider,
    OneTimeLinks,
    OwnOrganisations,
    Passkeys,
    PasskeyStore,
    PasswordSignIns,
    Passwords,
    ProviderAccounts,
    ProviderFetch,
    ProviderSignIns,
    RoutePermissions,
    SecondFactors,
    SignInAttempts,
    SignIns,
    ShareLinkReaders,
    StreamAccess,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [
    ApiKeys,
    AUTH,
    Authentication,
    Mailer,
    Memberships,
    OneTimeLinks,
    RoutePermissions,
    ShareLinkReaders,
  ],
})
export class IdentityModule {}
