import type { MigrationInterface } from 'typeorm';

/**
 * Every migration, oldest first: one class per file in `migrations/`, named `<What><milliseconds since 1970>`.
 * TypeORM orders by that number and runs each once, so a published migration is never edited.
 */
export const MIGRATIONS: (new () => MigrationInterface)[] = [];
