import { STATUS_CODES } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { HEADERS } from '@saas-codex/contracts/http';
import { VERSION } from '@saas-codex/platform/version';
import { z } from 'zod';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<NonNullable<Operation['responses'][string]>, { $ref: string }>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The API's description: Nest's reading of the controllers and their zod schemas, and what holds for every route. */
@Injectable()
export class OpenApiDocument {
  value: OpenAPIObject;
}

/** Makes the description, once all controllers are known. */
export function describeApi(app: NestExpressApplication): void {
  const document = SwaggerModule.createDocument(app, base());
  document.components = {
    ...document.components,
    schemas: { ...namedSchemas(), ...document.components?.schemas },
  };
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation) addCommonParts(method, operation);
    }
  }
  app.get(OpenApiDocument).value = document;
}

const base = () =>
  new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('saas-codex')
    .setDescription('Sessions with Codex on git repositories: prompts, live events, diffs.')
    .setVersion(VERSION)
    .addBearerAuth({ type: 'http', description: 'An API token' }, 'token')
    .addCookieAuth('saas-codex.session_token', { type: 'apiKey', description: 'Set by signing in' }, 'cookie')
    .addSecurityRequirements('token')
    .addSecurityRequirements('cookie')
    .build();

function addCommonParts(method: string, operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response && 'description' in response) response.description ||= STATUS_CODES[status] ?? '';
  }
  operation.responses.default = problem('A problem; its `code` tells which');
  if (operation.security) return;
  operation.responses['401'] = problem('No credential, or one that does not work (any more)');
  if (method === 'post') operation.parameters = [...(operation.parameters ?? []), idempotencyKey()];
}

const problem = (description: string): Response => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const idempotencyKey = () => ({
  name: HEADERS.idempotencyKey,
  in: 'header' as const,
  required: false,
  description:
    'However often a request with the same key arrives within 24 hours, it has one effect and one answer',
  schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
});

/**
 * The contracts that have a name. Nest finds those that bodies and answers use; problems and the events of streams
 * are known only here.
 */
function namedSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [id, { ...schema, $schema: undefined, $id: undefined }]),
  );
}
