import { Injectable } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '@saas-codex/service-kit/version';
import { z } from 'zod';
import { addCommonParts, type Operation } from './common-parts.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Sessions with Codex on git repositories: prompts, live events, diffs.

Programs send \`Authorization: Bearer <API token>\`. Every error is a problem document (RFC 9457) with a stable \`code\`.
Lists are paged by \`cursor\`. Every POST accepts an \`Idempotency-Key\`. Answers and events may get new fields.`;

/** The OpenAPI document: what Nest reads from the controllers and their zod schemas, and what all routes have in common. */
@Injectable()
export class OpenApiDocument {
  value: OpenAPIObject;
}

/** Builds the document. Call it when all controllers are known. */
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
    .addTag('runs', 'One prompt and everything that Codex does for it, or one run of the setup script')
    .addTag('events', 'Live events, as server-sent events')
    .addTag('diffs', 'The changes of a session or of some of its runs')
    .addTag('identity', 'Who you are')
    .addTag('system', 'The state of this installation')
    .addBearerAuth({ type: 'http', bearerFormat: 'opaque', description: 'An API token' }, 'token')
    .addCookieAuth(
      'saas-codex.session_token',
      {
        type: 'apiKey',
        description:
          'Set by signing in. Over https its name begins with `__Secure-`. If PUBLIC_URL has a port, the name contains it: `saas-codex-9100.session_token`',
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
 * All contracts that have a name. Nest finds those that bodies and answers use, but not problems and the events of
 * streams.
 */
function namedSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [id, { ...schema, $schema: undefined, $id: undefined }]),
  );
}

/** Removes `additionalProperties: false` from answers and events, which may get new fields. What a client sends stays closed. */
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
