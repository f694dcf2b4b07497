import type { MigrationInterface } from 'typeorm';
import { CreateRuns1795474000001 } from './migrations/create-runs.js';
import { CreateSessions1795474000000 } from './migrations/create-sessions.js';

/**
 * Every migration, oldest first: one class per file in `migrations/`, named `<What><milliseconds since 1970>`.
 * TypeORM orders by that number and runs each once, so a published migration is never edited.
 */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  CreateSessions1795474000000,
  CreateRuns1795474000001,
];
