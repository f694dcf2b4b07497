import { readFileSync } from 'node:fs';
import { OpenApiDescription } from './openapi-description.js';

let description: OpenApiDescription | undefined;

/** What GitHub publishes of its API, for the operations that the stand-ins answer (scripts/extract-github-description.mjs). */
export function githubDescription(): OpenApiDescription {
  const file = new URL('github-openapi.json', import.meta.url);
  return (description ??= new OpenApiDescription(readFileSync(file, 'utf8')));
}
