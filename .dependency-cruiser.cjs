/**
 * The import directions of docs/architecture.md, checked by `npm test`:
 * web → contracts; gateway | backend | runner → platform → contracts; apps never import each other; and inside
 * the backend a feature imports only those to its right (BACKEND below). Cycles are lint's business (import/no-cycle).
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
