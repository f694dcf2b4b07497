import { Injectable } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '@saas-codex/service-kit/version';
import { z } from 'zod';
import { addCommonParts, type Operation } from './common-parts.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Sessions with Codex on git repositories: prompts, live events, diffs.

Programs send \`Authorization: Bearer <API token>\`. Every error is a problem document (RFC 9457) with a stable \`code\`.
Lists page by \`cursor\`; every POST takes an \`Idempotency-Key\`. Answers and events may get new fields.`;

/** The API's description: Nest's reading of the controllers and their zod schemas, and what holds for every route. */
@Injectable()
export class OpenApiDocument {
  value: OpenAPIObject;
}

/** Makes the description, once all controllers are known. */
export function describeApi(app: NestExpressApplication): void {
  const document = SwaggerModule.createDocument(app, base());
  const operations = operationsOf(document);
  for (const { method, path, operation } of operations) addCommonParts(method, path, operation);
  document.components = {
    ...document.components,
    schemas: { ...namedSchemas(), ...document.components?.schemas },
  };
  openAnswers(document, operations);
  app.get(OpenApiDocument).value = document;
}

const base = () =>
  new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('saas-codex')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .addTag('sessions', 'A repository cloned into a workspace, with one Codex thread')
    .addTag('runs', 'One prompt and everything that Codex does for it; or a run of the setup script')
    .addTag('events', 'What happens, as server-sent events')
    .addTag('diffs', 'What a session, or some of its runs, changed')
    .addTag('identity', 'Who you are')
    .addTag('system', 'What answers here')
    .addBearerAuth({ type: 'http', bearerFormat: 'opaque', description: 'An API token' }, 'token')
    .addCookieAuth(
      'saas-codex.session_token',
      {
        type: 'apiKey',
        description:
          'Set by signing in. Its name begins with `__Secure-` over https, and has the port of PUBLIC_URL if there is one: `saas-codex-9100.session_token`',
      },
      'cookie',
    )
    .addSecurityRequirements('token')
    .addSecurityRequirements('cookie')
    .build();

function operationsOf(document: OpenAPIObject): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method, path, operation }] : [];
    }),
  );
}

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

/** Answers and events may get new fields; only what a client sends is closed. */
function openAnswers(document: OpenAPIObject, operations: { operation: Operation }[]): void {
  const bodies = JSON.stringify(operations.map(({ operation }) => operation.requestBody ?? null));
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    if (!bodies.includes(`"#/components/schemas/${name}"`)) open(schema);
  }
}

function open(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  if ('additionalProperties' in schema && schema.additionalProperties === false)
    delete schema.additionalProperties;
  for (const part of Object.values(schema)) open(part);
}
