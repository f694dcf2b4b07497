import type { Permission } from '@saas-codex/contracts/permissions';
import { type AsyncRouteComponent, lazyRouteComponent } from '@tanstack/react-router';

/** A page of Settings, below its title. */
interface SettingsPage {
  /** The last part of its address. */
  path: string;
  title: string;
  /** What it is for, in a sentence or two. */
  intro?: string;
  /** Who may open it. Nobody else is shown the way there. */
  permission?: Permission;
  /** What everybody else reads here. */
  forbidden?: string;
  component: AsyncRouteComponent<object>;
  /** Only another page leads there. */
  isHidden?: true;
}

interface SettingsGroup {
  title: string;
  pages: SettingsPage[];
}

/** Every page of Settings, in the groups of its navigation. A new page is one entry here. */
export const SETTINGS_GROUPS: SettingsGroup[] = [
  {
    title: 'You',
    pages: [
      {
        path: 'account',
        title: 'Account',
        component: lazyRouteComponent(() => import('../../features/settings/account-page.js'), 'AccountPage'),
      },
      {
        path: 'api-keys',
        title: 'API keys',
        intro: 'With a key, a program acts for you in this organisation, and never may more than you.',
        permission: 'api_keys:own',
        forbidden: 'You cannot have API keys in this organisation.',
        component: lazyRouteComponent(
          () => import('../../features/settings/api-keys-page.js'),
          'ApiKeysPage',
        ),
      },
    ],
  },
  {
    title: 'Organisation',
    pages: [
      {
        path: 'organisation',
        title: 'General',
        component: lazyRouteComponent(
          () => import('../../features/settings/organisation-page.js'),
          'OrganisationPage',
        ),
      },
      {
        path: 'members',
        title: 'Members',
        permission: 'members:read',
        forbidden: 'Ask an admin or an owner who belongs to this organisation.',
        component: lazyRouteComponent(() => import('../../features/settings/members-page.js'), 'MembersPage'),
      },
      {
        path: 'roles',
        title: 'Roles',
        intro:
          'Every member and every service account has one role. Each role may do what the one before it may, and more.',
        component: lazyRouteComponent(() => import('../../features/settings/roles-page.js'), 'RolesPage'),
      },
      {
        path: 'service-accounts',
        title: 'Service accounts',
        intro:
          'With its key, a program acts as itself in this organisation, and not as a person. It stays when people leave.',
        permission: 'service_accounts:manage',
        forbidden: 'Admins and owners manage service accounts.',
        component: lazyRouteComponent(
          () => import('../../features/settings/service-accounts-page.js'),
          'ServiceAccountsPage',
        ),
      },
      {
        path: 'models',
        title: 'Models',
        intro: 'Which models sessions may use, and the prices that money is counted with.',
        permission: 'models:read',
        forbidden: 'Ask an admin or an owner which models this organisation uses.',
        component: lazyRouteComponent(() => import('../../features/settings/models-page.js'), 'ModelsPage'),
      },
      {
        path: 'secrets',
        title: 'Secrets',
        intro:
          'Sessions that name a secret in their environment get it as an environment variable. Values are encrypted, cannot be read again, and are redacted from what runs print.',
        permission: 'secrets:read',
        forbidden: 'Your role does not allow you to see secrets. Ask an admin or an owner.',
        component: lazyRouteComponent(() => import('../../features/settings/secrets-page.js'), 'SecretsPage'),
      },
      {
        path: 'git-credentials',
        title: 'Git credentials',
        intro:
          'Sessions on private repositories are cloned with these. Tokens and keys are encrypted, cannot be read again, and stay with the platform: no session or agent gets them.',
        permission: 'credentials:own',
        forbidden: 'Viewers start no sessions, so they need none.',
        component: lazyRouteComponent(
          () => import('../../features/settings/git-credentials-page.js'),
          'GitCredentialsPage',
        ),
      },
      {
        path: 'forges',
        title: 'Forges',
        intro:
          'With one connection, repositories are found, cloned and pushed. Your own is used for what you do, else the one of the organisation. Tokens are encrypted, cannot be read again, and stay with the platform: no session or agent gets them.',
        permission: 'credentials:own',
        forbidden: 'Viewers start no sessions, so they need none.',
        component: lazyRouteComponent(() => import('../../features/settings/forges-page.js'), 'ForgesPage'),
      },
      {
        path: 'github-app',
        title: 'GitHub App',
        intro:
          'An App of your own at GitHub needs no token of a person: it gets one for each use, for one repository and one purpose. Everybody in the organisation works with it.',
        permission: 'credentials:manage',
        forbidden: 'Admins and owners connect a GitHub App.',
        component: lazyRouteComponent(
          () => import('../../features/settings/github-app-page.js'),
          'GithubAppPage',
        ),
        isHidden: true,
      },
      {
        path: 'shipping',
        title: 'Shipping',
        intro: 'What holds when the work of a session is committed and pushed to a repository.',
        permission: 'sessions:ship',
        forbidden: 'Viewers ship nothing.',
        component: lazyRouteComponent(
          () => import('../../features/settings/shipping-page.js'),
          'ShippingPage',
        ),
      },
      {
        path: 'usage',
        title: 'Limits and usage',
        permission: 'usage:read',
        forbidden: 'Ask an admin or an owner what this organisation uses.',
        component: lazyRouteComponent(() => import('../../features/settings/usage-page.js'), 'UsagePage'),
      },
      {
        path: 'audit',
        title: 'Audit log',
        intro:
          'Who did what, from where, and with which credential. Nobody can change an entry, and only its age removes it.',
        permission: 'audit:read',
        forbidden: 'Admins and owners read the audit log.',
        component: lazyRouteComponent(() => import('../../features/settings/audit-page.js'), 'AuditPage'),
      },
    ],
  },
  {
    title: 'Installation',
    pages: [
      {
        path: 'system',
        title: 'System',
        permission: 'system:read',
        forbidden: 'Ask an admin or an owner about this installation.',
        component: lazyRouteComponent(() => import('../../features/settings/system-page.js'), 'SystemPage'),
      },
    ],
  },
];

/** @param path undefined: the first page */
export const settingsPage = (path: string | undefined): SettingsPage | undefined => {
  const pages = SETTINGS_GROUPS.flatMap((group) => group.pages);
  return path === undefined ? pages[0] : pages.find((page) => page.path === path);
};
