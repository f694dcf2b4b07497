import { z } from 'zod';

/**
 * Name of a branch with places for what each session has of its own. Every one has `{id}`, so that two sessions never propose
 * the same branch. Each is there once at most: what is compared with it is then quickly compared.
 */
export const BranchPattern = z
  .string()
  .max(100)
  .regex(
    /^(?=.*\{id\})(?!.*(\{\w+\}).*\1)(?![-/.])([A-Za-z0-9_-]|\{(?:id|title|person)\}|[/.](?=[A-Za-z0-9_{]))*$/,
    'must be the name of a branch with {id} in it, and {title} and {person} if you like, each once',
  );
