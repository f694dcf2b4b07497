import { Injectable } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '@saas-codex/service-kit/version';
import { addCommonParts, COMMON_COMPONENTS, type Operation } from './common-parts.js';
import { addExamples } from './examples.js';
import { describeSchemas } from './schemas.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const DESCRIPTION = `Sessions with Codex on git repositories: prompts, live events, diffs.

Programs send \`Authorization: Bearer <API token>\`. Every error is a problem document (RFC 9457) with a stable \`code\`.
Lists are paged by \`cursor\`. Every POST of a signed-in caller accepts an \`Idempotency-Key\`. Answers and events may get new
fields, and new values of enums and discriminators. The version of the API is a date; \`Saas-Codex-Version\` names the one that a
request was written for.`;

/** Of this product, as package.json names it. Nest knows no SPDX identifiers. */
const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' } as { name: string };

/** The OpenAPI document: what Nest reads from the controllers and their zod schemas, and what all routes have in common. */
@Injectable()
export class OpenApiDocument {
  private app: NestExpressApplication | undefined;
  private built: OpenAPIObject | undefined;

  /** Built by the first reader, since it takes a fifth of a start and few ever ask for it. */
  get value(): OpenAPIObject {
    if (!this.app) throw new Error('The document was asked for before the start');
    return (this.built ??= buildDocument(this.app));
  }

  /** @param app whose controllers the document describes */
  describe(app: NestExpressApplication): void {
    this.app = app;
  }
}

function buildDocument(app: NestExpressApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, base());
  for (const { method, path, operation } of operationsOf(document)) {
    addCommonParts(method, path, operation);
    addExamples(operation);
  }
  document.info.license = LICENSE;
  delete document.info.contact;
  document.components = { ...document.components, ...COMMON_COMPONENTS };
  describeSchemas(document);
  return document;
}

const base = () =>
  new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('saas-codex')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .addServer('/', 'This installation')
    .addTag('sessions', 'A repository cloned into a workspace, with one Codex thread')
    .addTag('runs', 'One prompt and everything that Codex does for it, or one run of the setup script')
    .addTag('events', 'Live events, as server-sent events')
    .addTag('diffs', 'The changes of a session or of some of its runs')
    .addTag('comments', 'Remarks of people on lines of changes')
    .addTag('checks', 'What the platform itself has seen: checks, and signed evidence of how they ended')
    .addTag('sharing', 'Links that show a session to people outside')
    .addTag('identity', 'Who you are')
    .addTag('tenants', 'Organisations, their members and invitations')
    .addTag('scim', "The company's directory: who has joined, and who has left (RFC 7644)")
    .addTag('secrets', 'What runs get as environment variables, encrypted')
    .addTag('credentials', 'What git uses to reach private repositories, encrypted')
    .addTag('forges', 'GitHub and others, connected with a token or as an App, encrypted')
    .addTag(
      'repository-rules',
      'What an organisation decides for its repositories: names of branches, the default branch',
    )
    .addTag('signing-key', 'The key with which an organisation signs commits')
    .addTag('repositories', 'What the connected forges and git know about repositories')
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
