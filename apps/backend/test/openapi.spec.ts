import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_CODES } from '@saas-codex/contracts/problems';
import { format } from 'prettier';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

const SNAPSHOT = new URL('../../../docs/openapi.json', import.meta.url);

interface Media {
  examples?: Record<string, { value: unknown }>;
}
interface Operation {
  operationId: string;
  summary?: string;
  responses: Record<string, { content?: Record<string, Media> }>;
}

describe('the description of the API', () => {
  let backend: TestBackend;
  let document: OpenAPIObject;
  beforeAll(async () => {
    backend = await startBackend();
    // This spec computes for seconds in the server's process: connections that it kept would be closed before it uses them again.
    backend.app.getHttpServer().keepAliveTimeout = 60_000;
    // Without a credential, as generators of clients read it.
    document = (await (await fetch(`${backend.url}/api/openapi.json`)).json()) as OpenAPIObject;
  });
  afterAll(() => backend.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
        path,
        method,
        operation,
      })),
    );
  const discriminatorOf = (schema: object) =>
    (schema as { discriminator: { propertyName: string; mapping: Record<string, string> } }).discriminator;

  // Changing the API is a decision: run this spec with UPDATE_SNAPSHOT=1 and commit the difference.
  it('matches docs/openapi.json', async () => {
    if (process.env.UPDATE_SNAPSHOT === '1') {
      const text = await format(JSON.stringify(document), { parser: 'json', printWidth: 110 });
      await writeFile(SNAPSHOT, text);
    }
    expect(document).toEqual(JSON.parse(await readFile(SNAPSHOT, 'utf8')));
  });

  it('gives every operation a unique name and a summary', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z]+[A-Z][A-Za-z]+$/.test(id))).toEqual([]);
    expect(operations().filter(({ operation }) => !operation.summary)).toEqual([]);
  });

  it('lists every problem with the operations that return it', () => {
    const text = JSON.stringify(document.paths);
    const missing = PROBLEM_CODES.filter((code) => !text.includes(`\`${code}\``));
    // Responses to an unknown address, a missing service or a bug of ours, those that only services send each other, and what
    // became of a pull request.
    expect(missing.toSorted()).toEqual([
      'expectation_failed',
      'forge_forbidden',
      'forge_token_refused',
      'headers_too_large',
      'internal_error',
      'method_not_allowed',
      'not_found',
      'request_timeout',
      'restore_failed',
      'thread_not_found',
      'turn_unknown',
      'upstream_unavailable',
    ]);
  });

  it('allows new fields in responses and events, but no unknown fields in requests', () => {
    const schemas = document.components?.schemas ?? {};
    const closed = Object.keys(schemas).filter((name) =>
      JSON.stringify(schemas[name]).includes('"additionalProperties":false'),
    );
    expect(closed.toSorted()).toEqual([
      'AcceptInvitation',
      'AllChanges',
      'AllowListNetworkInput',
      'ApplyPatch',
      'AskNetworkInput',
      'ChangeEmail',
      'ChangePassword',
      'CompletePasswordReset',
      'CompleteSignUp',
      'ConfirmEmail',
      'ConfirmHostKeys',
      'ConfirmSecondFactor',
      'ConnectForge',
      'ConvertGithubApp',
      'CreateApiKey',
      'CreateComment',
      'CreateCommit',
      'CreateCredential',
      'CreateGithubApp',
      'CreateInvitation',
      'CreatePasskey',
      'CreatePush',
      'CreateRepositoryRule',
      'CreateSecret',
      'CreateServiceAccount',
      'CreateSession',
      'CreateShareLink',
      'CreateTenant',
      'DecideApproval',
      'EditPrompt',
      'FileChanges',
      'ForkSession',
      'HostRuleInput',
      'HunkChanges',
      'HunkRange',
      'LookUpInvitation',
      'MailedLink',
      'OffNetworkInput',
      'OnNetworkInput',
      'OpenPullRequest',
      'OpenShareLink',
      'OrderQueue',
      'PasskeySignIn',
      'PasswordSignIn',
      'PromptSession',
      'ProposeCommitMessage',
      'RemoveSecondFactor',
      'ReplaceCredential',
      'ReplaceForgeToken',
      'ReviewProgressUpdate',
      'RewindSession',
      'RunChanges',
      'RunChecks',
      'SendComments',
      'SetAuditWebhook',
      'SetModelServer',
      'SetupInput',
      'SignIn',
      'StartKeepGreen',
      'StartPasskey',
      'StartReview',
      'StartSecondFactor',
      'SteerRun',
      'TestCredential',
      'UpdateComment',
      'UpdateLimits',
      'UpdateMe',
      'UpdateMember',
      'UpdateModels',
      'UpdatePasskey',
      'UpdatePullRequest',
      'UpdateRepositoryRule',
      'UpdateSecret',
      'UpdateServiceAccount',
      'UpdateSession',
      'UpdateTenant',
      'WriteFile',
    ]);
  });

  it('accepts in requests exactly what the server accepts', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'doc');
    const network = (hosts: object[]) => ({ network: { mode: 'allow_list', hosts } });
    const bodies: [schema: string, body: object, accepted: boolean][] = [
      ['CreateSession', {}, true],
      ['CreateSession', network([{ host: 'a.example' }]), true],
      ['CreateSession', network([{ host: 'a.example', port: 1 }]), false],
      ['CreateSession', { setup: { script: 'ls', network: { mode: 'off' } } }, true],
      ['CreateSession', { setup: { script: 'ls', shell: 'zsh' } }, false],
      ['CreateSession', { title: ' \n' }, false],
      ['CreateSession', { title: 'a\0b' }, false],
      ['UpdateSession', {}, false],
      ['UpdateSession', { setup: null }, true],
      ['UpdateSession', { network: { mode: 'on', since: 1 } }, false],
    ];
    const { session_id } = (await (
      await backend.post('/api/sessions', {}, { prefer: 'respond-async' })
    ).json()) as { session_id: string };
    for (const [schema, body, accepted] of bodies) {
      const isValid = ajv.getSchema(`doc#/components/schemas/${schema}`);
      const answer = await backend.fetch(
        schema === 'CreateSession' ? '/api/sessions' : `/api/sessions/${session_id}`,
        {
          method: schema === 'CreateSession' ? 'POST' : 'PATCH',
          headers: { 'content-type': 'application/json', prefer: 'respond-async' },
          body: JSON.stringify(body),
        },
      );
      expect([body, isValid?.(body), answer.status < 300]).toEqual([body, accepted, accepted]);
    }
    const withoutBody = await backend.fetch('/api/sessions', {
      method: 'POST',
      headers: { prefer: 'respond-async' },
    });
    const { post } = document.paths['/api/sessions'] ?? {};
    expect([withoutBody.status, post?.requestBody]).toEqual([
      201,
      expect.objectContaining({ required: false }),
    ]);
  });

  it('describes what a generator of clients needs', () => {
    const { post, get } = document.paths['/api/sessions'] ?? {};
    const archived = get?.parameters?.find((one) => 'name' in one && one.name === 'archived');
    expect(archived).toMatchObject({ schema: { type: 'boolean' } });
    expect(post?.responses['429']).toMatchObject({ headers: { 'Retry-After': {}, 'RateLimit-Reset': {} } });
    expect(document.servers).not.toEqual([]);
    expect(JSON.stringify(document)).not.toContain('9007199254740991');
  });

  it('shows an example of every successful answer, which its schema accepts', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'doc');
    const answers = operations().flatMap(({ path, method, operation }) =>
      Object.entries(operation.responses)
        .filter(([status, { content }]) => status.startsWith('2') && content)
        .flatMap(([status, { content = {} }]) =>
          Object.entries(content)
            .filter(([type]) => /json|event-stream/.test(type))
            .map(([type, { examples = {} }]) => ({
              name: operation.operationId,
              at: ['paths', path, method, 'responses', status, 'content', type, 'schema'],
              examples: Object.entries(examples),
            })),
        ),
    );
    expect(answers.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
    for (const { name, at, examples } of answers) {
      const pointer = at.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
      const isValid = ajv.getSchema(`doc#/${pointer}`);
      for (const [example, { value }] of examples)
        expect([name, example, isValid?.(value), isValid?.errors]).toEqual([name, example, true, null]);
    }
  });

  it('names the members of every union, by the field that tells them apart', () => {
    const unions = Object.entries(document.components?.schemas ?? {}).filter(
      ([, schema]) => 'oneOf' in schema,
    );
    const fields = unions.map(([name, schema]) => [name, discriminatorOf(schema).propertyName]);
    expect(Object.fromEntries(fields)).toEqual({
      KnownRunEvent: 'type',
      KnownItem: 'type',
      KnownActivity: 'type',
      KnownNetwork: 'mode',
      NetworkInput: 'mode',
      RevertChanges: 'scope',
    });
    for (const [name, schema] of unions) {
      const { propertyName, mapping } = discriminatorOf(schema);
      for (const [value, $ref] of Object.entries(mapping)) {
        const member = document.components?.schemas?.[$ref.slice('#/components/schemas/'.length)];
        expect([name, value, member]).toEqual([
          name,
          value,
          expect.objectContaining({
            properties: expect.objectContaining({ [propertyName]: { type: 'string', const: value } }),
            required: expect.arrayContaining([propertyName]),
          }),
        ]);
      }
    }
  });

  it('leaves room for new members of unions in answers, but not for other shapes of known ones', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'doc');
    const id = '01a20ab5-ae54-7856-92ea-c8912e0f8d29';
    const event = {
      v: 1,
      run_id: id,
      session_id: id,
      tenant_id: 'local',
      seq: 1,
      at: '2026-11-23T23:20:09.871Z',
    };
    const values: [schema: string, value: object, accepted: boolean][] = [
      ['RunEvent', { ...event, type: 'voice.requested', data: { question: 'May I?' } }, true],
      ['RunEvent', { ...event, type: 'turn.failed', data: { error: { message: 'No' } } }, true],
      ['RunEvent', { ...event, type: 'turn.failed', data: {} }, false],
      ['Activity', { v: 1, tenant_id: 'local', type: 'budget.spent' }, true],
      ['Activity', { v: 1, tenant_id: 'local', type: 'run.status' }, false],
      ['Item', { id: 'item_0', type: 'image_generation', pixels: 5 }, true],
      ['Network', { mode: 'budget', megabytes: 5 }, true],
      ['Network', { mode: 'allow_list' }, false],
      ['NetworkInput', { mode: 'off' }, true],
      ['NetworkInput', { mode: 'budget', megabytes: 5 }, false],
    ];
    for (const [schema, value, accepted] of values) {
      const isValid = ajv.getSchema(`doc#/components/schemas/${schema}`);
      expect([schema, value, isValid?.(value)]).toEqual([schema, value, accepted]);
    }
  });

  it('describes nothing that no operation uses', () => {
    const text = JSON.stringify(document);
    const unused = Object.keys(document.components?.schemas ?? {}).filter(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    expect(unused).toEqual([]);
  });

  it('has no dangling references', () => {
    const known = Object.keys(document.components?.schemas ?? {});
    const named = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(named.filter((name) => name !== undefined && !known.includes(name))).toEqual([]);
  });

  it('is displayed by a page without inline scripts or styles', async () => {
    const page = await backend.fetch('/api/docs');
    const html = await page.text();
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(html).not.toMatch(/<script>|<style|style=| on\w+=/);
    for (const [, url] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const file = await backend.fetch(String(url));
      expect([url, file.status]).toEqual([url, 200]);
      await file.arrayBuffer();
    }
  });
});
