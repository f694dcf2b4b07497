/**
 * The import directions of docs/architecture.md, checked by `npm test`:
 * web → contracts; gateway | backend | runner → event-log → service-kit → contracts; apps never import each other;
 * inside an app a feature imports only those below it (BACKEND and RUNNER); and nothing imports itself in a circle.
 */

/** Top first; a folder, or a pattern of folders and files. */
const BACKEND = [
  ['events', 'system'],
  ['retention'],
  ['archive', 'changes'],
  ['runs'],
  ['sessions'],
  ['environments', 'runner-client', 'usage', 'workspaces'],
  ['reconcile'],
  ['api/(openapi|asyncapi|idempotency)'],
  ['identity'],
  ['api/[^/]+$'],
  ['database'],
];
const RUNNER = [
  ['runs', 'system'],
  ['engine'],
  ['sandbox/(jail|egress)'],
  ['model-proxy'],
  ['threads', 'sandbox/listener'],
  ['auth', 'redis'],
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
      name: 'only-tests-import-testing',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/src/', pathNot: '(^libs/testing/|\\.spec\\.tsx?$)' },
      to: { path: '^(tests|libs/testing|apps/[^/]+/test|libs/[^/]+/test)/' },
    },
    ...directions('backend', BACKEND),
    ...directions('runner', RUNNER),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'types', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.d.ts'],
    },
  },
};
