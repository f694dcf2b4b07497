import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import type { ZodType } from 'zod';
import { ProblemError } from './problem.js';

/**
 * Validates `@Body({ schema })`, `@Query({ schema })` and `@Param('id', { schema })` with the given zod schema.
 * @throws ProblemError invalid_request (400) that lists every error
 */
@Injectable()
export class SchemaPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const schema = metadata.schema as ZodType | undefined;
    if (!schema) return value;
    const result = schema.safeParse(metadata.type === 'body' && value === undefined ? {} : value);
    if (result.success) return result.data;
    const errors = result.error.issues.map((issue) => ({
      path: `/${[...(metadata.data ? [metadata.data] : []), ...issue.path].join('/')}`,
      message: issue.message,
    }));
    const where = PARTS[metadata.type];
    throw new ProblemError('invalid_request', `The ${where} is not valid: ${sentence(errors)}.`, { errors });
  }
}

const PARTS = { body: 'body', query: 'query', param: 'path', custom: 'request', rawBody: 'body' };

const sentence = (errors: { path: string; message: string }[]) =>
  errors.map(({ path, message }) => (path === '/' ? message : `${path.slice(1)}: ${message}`)).join('; ');
