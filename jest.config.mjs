import { specPackages } from './scripts/lib/spec-packages.mjs';

// Nest 12 and the Codex SDK are ESM only, so Jest runs with --experimental-vm-modules (scripts/test.mjs sets it).
const swc = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', tsx: true, decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, react: { runtime: 'automatic' } },
  },
  module: { type: 'es6' },
};

/** Which specs to run (scripts/test.mjs): `unit`, those that start no program; `faults`, the long ones too; else all but these. */
const specs = process.env.SPECS;
const isUnit = specs === 'unit';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/tests'],
  testMatch: isUnit
    ? ['<rootDir>/apps/web/test/**/*.spec.{ts,tsx}', '**/*.unit.spec.ts']
    : ['**/*.spec.{ts,tsx}'],
  // Minutes long each: `npm run test:faults`.
  testPathIgnorePatterns: specs === 'faults' ? [] : ['<rootDir>/tests/faults/long/'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '^.+\\.tsx?$': ['@swc/jest', swc] },
  moduleNameMapper: {
    ...specPackages(import.meta.dirname),
    '^@saas-codex/(contracts|service-kit|event-log|scripted-model|testing)/(.*)$':
      '<rootDir>/libs/$1/src/$2.ts',
    '^@saas-codex/client$': '<rootDir>/libs/client/src/client.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // One PostgreSQL for all specs of a run.
  ...(!isUnit && {
    globalSetup: '<rootDir>/libs/testing/src/global-setup.ts',
    globalTeardown: '<rootDir>/libs/testing/src/global-teardown.ts',
  }),
  testSequencer: '<rootDir>/scripts/lib/slowest-first.mjs',
  // Only what hangs takes so long. Several waits fit into it, each of which fails with better words (PATIENCE_MS).
  testTimeout: 600_000,
  // Node forks to start a program, which takes 6 ms in a small process and 45 ms in one of 1 GB. Specs start thousands.
  workerIdleMemoryLimit: '400MB',
};
