import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_CODES } from '@saas-codex/contracts/problems';
import { format } from 'prettier';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

const SNAPSHOT = new URL('../../../docs/openapi.json', import.meta.url);

describe('the description of the API', () => {
  let backend: TestBackend;
  let document: OpenAPIObject;
  beforeAll(async () => {
    backend = await startBackend();
    document = (await (await backend.fetch('/api/openapi.json')).json()) as OpenAPIObject;
  });
  afterAll(() => backend.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { operationId: string; summary?: string }>).map(
        ([method, operation]) => ({ path, method, operation }),
      ),
    );

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
    // Responses to an unknown address, a missing service or a bug of ours, and those that only services send each other.
    expect(missing.toSorted()).toEqual([
      'forbidden',
      'internal_error',
      'method_not_allowed',
      'not_found',
      'thread_not_found',
      'upstream_unavailable',
    ]);
  });

  it('allows new fields in responses and events, but no unknown fields in requests', () => {
    const schemas = document.components?.schemas ?? {};
    const closed = Object.keys(schemas).filter((name) =>
      JSON.stringify(schemas[name]).includes('"additionalProperties":false'),
    );
    expect(closed.toSorted()).toEqual(['CreateSession', 'PromptSession', 'SignIn', 'UpdateSession']);
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
