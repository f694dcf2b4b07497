/**
 * The import directions of docs/architecture.md, checked by `npm test`:
 * web → contracts; gateway | backend | runner → event-log → service-kit → contracts; apps never import each other;
 * inside an app a folder imports only those below it (BACKEND, RUNNER, WEB), and the web's features never import each
 * other: the app composes them. There are no cycles, type-only ones included.
 */

/** Top first; a folder, or a pattern of folders and files. */
const BACKEND = [
  ['events', 'system', 'tenants'],
  ['retention'],
  ['pull-requests'],
  ['shipping'],
  ['archive', 'changes', 'checks', 'edits', 'rewinds', 'sharing'],
  ['runs'],
  ['approvals', 'images'],
  ['sessions', 'repositories'],
  ['credentials', 'evidence', 'service-accounts', 'webhooks'],
  ['forges'],
  ['api-keys', 'environments', 'members', 'runner-client', 'secrets', 'usage', 'workspaces'],
  ['audit'],
  ['api/(openapi|asyncapi|idempotency)'],
  ['identity'],
  ['api/[^/]+$'],
  ['reconcile'],
  ['database', 'outbound'],
];
/** Inside workspaces/. */
const WORKSPACES = [
  ['workspaces/parts'],
  ['workspaces/clones', 'workspaces/leftovers'],
  ['workspaces/history'],
  ['workspaces/storage'],
  ['workspaces/git'],
  ['workspaces/(addresses|workspace-limits)'],
];
const RUNNER = [
  ['rewind', 'system'],
  ['runs'],
  ['engine'],
  ['sandbox/(jail|egress)'],
  ['model-proxy'],
  ['threads', 'sandbox/listener'],
  ['auth', 'redaction', 'redis'],
];

/** What several features need is an entity's, or shared. */
const WEB = [
  ['app'],
  ['features'],
  ['entities/timeline'],
  ['entities/run'],
  ['entities/session'],
  ['entities/environment', 'entities/tenant'],
  ['shared'],
];

/** Who may run statements without a tenant (SystemDatabase). Never a controller or a service that answers requests. */
const ACROSS_TENANTS = [
  'database/', // makes it
  'api/idempotency/idempotency-expiry\\.ts$',
  'identity/(authentication|memberships|api-keys|share-link-readers|stream-access|identity\\.module)\\.ts$', // who is calling, and in which tenant
  '(api-keys/api-key|service-accounts/service-account|members/(member|invitation|scim/scim-user)|tenants/tenant)-store\\.ts$', // tables of the identity, which the role of tenants cannot read
  'identity/sign-in/(mailed-links|passwords|sign-ins|providers/provider-accounts|second-factor/second-factors|passkeys/passkey-store)\\.ts$', // people, who may belong to several tenants
  '(sessions/session|runs/run|rewinds/rewind|shipping/push|pull-requests/pull-request)-scan\\.ts$', // work that is due
  'pull-requests/forge-webhook-lookup\\.ts$', // whose webhook an address is
  'runs/run-places\\.ts$', // whether there is another tenant
  'audit/audited-changes\\.ts$', // what the stores of identity change
  'audit/audit-names\\.ts$', // people, who may belong to several tenants
  'archive/run-archiver\\.ts$',
  'retention/retention-store\\.ts$',
  'webhooks/audit-webhook-deliverer\\.ts$',
  'approvals/approval-timeouts\\.ts$',
  'usage/ledger-reconciler\\.ts$',
  'usage/limit-mails\\.ts$', // addresses of people
  '(archive/archive|runs/run)-metrics\\.ts$',
  'secrets/stored-keys-check\\.ts$', // which master keys are needed
  'evidence/evidence-keys\\.ts$', // they are the installation's
  'system/readiness\\.ts$',
];

/** @param {string} app @param {string[][]} rows top first */
const directions = (app, rows) =>
  rows.slice(1).map((folders, index) => ({
    name: `${app}-${folders.join('-')}-never-upwards`,
    severity: 'error',
    from: { path: `^apps/${app}/src/(${folders.join('|')})` },
    to: {
      path: `^apps/${app}/src/(${rows
        .slice(0, index + 1)
        .flat()
        .join('|')})`,
    },
  }));

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'apps-never-import-each-other',
      severity: 'error',
      from: { path: '^apps/([^/]+)/src/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'web-imports-contracts-only',
      severity: 'error',
      from: { path: '^apps/web/src/' },
      to: { path: '^libs/', pathNot: '^libs/contracts/' },
    },
    {
      name: 'libs-know-no-app',
      severity: 'error',
      from: { path: '^libs/(?!testing/)[^/]+/src/' },
      to: { path: '^(apps|tests|scripts)/' },
    },
    {
      name: 'contracts-import-only-zod',
      severity: 'error',
      from: { path: '^libs/contracts/src/' },
      to: { pathNot: ['^libs/contracts/src/', '^node_modules/zod/'] },
    },
    {
      name: 'client-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^libs/client/src/' },
      to: { path: '^(libs|apps)/', pathNot: '^libs/client/' },
    },
    {
      name: 'service-kit-below-event-log',
      severity: 'error',
      from: { path: '^libs/service-kit/src/' },
      to: { path: '^libs/', pathNot: '^libs/(service-kit|contracts)/' },
    },
    {
      name: 'event-log-above-service-kit',
      severity: 'error',
      from: { path: '^libs/event-log/src/' },
      to: { path: '^libs/', pathNot: '^libs/(event-log|service-kit|contracts)/' },
    },
    {
      name: 'only-the-runner-has-the-demo-model',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/src/', pathNot: '^(apps/runner|libs/(scripted-model|testing))/' },
      to: { path: '^libs/scripted-model/' },
    },
    {
      name: 'only-its-adapter-knows-the-codex-sdk',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/src/', pathNot: '^(apps/runner/src/engine/sdk|libs/testing)/' },
      to: { path: '@openai/codex-sdk' },
    },
    {
      name: 'only-its-adapter-knows-the-app-server',
      severity: 'error',
      from: {
        path: '^(apps|libs)/[^/]+/src/',
        pathNot: '^apps/runner/src/engine/(app-server/|engine\\.module\\.ts$|engines\\.ts$)|^libs/testing/',
      },
      to: { path: '^apps/runner/src/engine/app-server/' },
    },
    {
      name: 'only-tests-import-testing',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/src/', pathNot: '(^libs/testing/|\\.spec\\.tsx?$)' },
      to: { path: '^(tests|libs/testing|apps/[^/]+/test|libs/[^/]+/test)/' },
    },
    {
      name: 'workspaces-only-through-their-classes',
      severity: 'error',
      from: { path: '^apps/backend/src/', pathNot: '^apps/backend/src/workspaces/' },
      to: {
        path: '^apps/backend/src/workspaces/',
        pathNot:
          '/(clones/clones|clones/remotes|history/history|leftovers/leftovers|parts/[^/]+|storage/storage|workspace-limits|workspaces\\.module)\\.ts$',
      },
    },
    {
      name: 'simple-git-only-reads-bare-repositories',
      severity: 'error',
      from: { pathNot: '^apps/backend/src/workspaces/git/bare-repository\\.ts$' },
      to: { path: 'node_modules/simple-git/' },
    },
    {
      name: 'system-database-importers',
      severity: 'error',
      from: { path: '^apps/backend/src/', pathNot: `^apps/backend/src/(${ACROSS_TENANTS.join('|')})` },
      to: { path: '^apps/backend/src/database/system-database\\.ts$' },
    },
    ...directions('backend', BACKEND),
    ...directions('backend', WORKSPACES),
    ...directions('runner', RUNNER),
    ...directions('web', WEB),
    {
      name: 'web-features-never-import-each-other',
      severity: 'error',
      from: { path: '^apps/web/src/features/([^/]+)/' },
      to: { path: '^apps/web/src/features/', pathNot: '^apps/web/src/features/$1/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(apps|libs)/[^/]+/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['@saas-codex/source', 'import', 'types', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.d.ts'],
    },
  },
};
