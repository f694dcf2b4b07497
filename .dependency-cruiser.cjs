/**
 * The import directions of docs/architecture.md, checked by `npm test`:
 * web → contracts; gateway | backend | runner → platform → contracts; apps never import each other; and inside
 * the backend a feature imports only those to its right (BACKEND below). In the web a layer imports only those to its
 * right (WEB_LAYERS), features never import each other, and entities have a direction of their own (WEB_ENTITIES).
 * There are no cycles, type-only ones included.
 */
const BACKEND = [
  'events|retention',
  'archive|diffs',
  'runs',
  'sessions',
  'runner-client|usage|workspaces',
  'tenants',
  'database',
];

const backendDirection = BACKEND.slice(1).map((folders, index) => ({
  name: `backend-${folders}-never-back`,
  severity: 'error',
  from: { path: `^apps/backend/src/(${folders})/` },
  to: { path: `^apps/backend/src/(${BACKEND.slice(0, index + 1).join('|')})/` },
}));

/** The app composes features; what several features need is an entity's, or shared. */
const WEB_LAYERS = ['app', 'features', 'entities', 'shared'];
const WEB_ENTITIES = ['timeline', 'run', 'session', 'environment'];

/** Each folder of the list imports only those to its right. */
const webDirection = (below, folders) =>
  folders.slice(1).map((folder, index) => ({
    name: `web-${folder}-never-back`,
    severity: 'error',
    from: { path: `^apps/web/src/${below}${folder}/` },
    to: { path: `^apps/web/src/${below}(${folders.slice(0, index + 1).join('|')})/` },
  }));

module.exports = {
  forbidden: [
    {
      name: 'apps-never-import-each-other',
      severity: 'error',
      from: { path: '^apps/([^/]+)/src/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'web-imports-contracts-only',
      severity: 'error',
      from: { path: '^apps/web/' },
      to: { path: '^libs/', pathNot: '^libs/contracts/' },
    },
    {
      name: 'platform-knows-no-app',
      severity: 'error',
      from: { path: '^libs/platform/src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(apps|tests)/' },
    },
    {
      name: 'contracts-import-only-zod',
      severity: 'error',
      from: { path: '^libs/contracts/src/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/contracts/src/', '^node_modules/zod/'] },
    },
    {
      name: 'only-specs-import-tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '(\\.spec\\.tsx?$|/test/)' },
      to: { path: '^tests/' },
    },
    ...backendDirection,
    ...webDirection('', WEB_LAYERS),
    ...webDirection('entities/', WEB_ENTITIES),
    {
      name: 'web-features-never-import-each-other',
      severity: 'error',
      from: { path: '^apps/web/src/features/([^/]+)/' },
      to: { path: '^apps/web/src/features/', pathNot: '^apps/web/src/features/$1/' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
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
