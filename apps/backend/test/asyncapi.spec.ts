import { readFile, writeFile } from 'node:fs/promises';
import asyncApi from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { ACTIVITY_TYPES } from '@saas-codex/contracts/activity';
import { EVENT_TYPES } from '@saas-codex/contracts/events';
import { format } from 'prettier';
import { asyncApiDocument } from '../src/api/asyncapi/asyncapi-document.js';
import { startBackend } from '@saas-codex/testing/backend/backend';

const FILE = new URL('../../../docs/asyncapi.json', import.meta.url);
/** AsyncAPI's own schema of version 3.0.0. */
const SPECIFICATION = asyncApi.schemas['3.0.0'] as object;

const text = JSON.stringify(asyncApiDocument());
const document = JSON.parse(text) as Record<string, unknown>;
const OPTIONS = { strict: false, validateFormats: false };

// A changed stream is a decision: run this spec with UPDATE_SNAPSHOT=1 and commit the difference.
it('matches docs/asyncapi.json, and is what the backend serves to everybody', async () => {
  if (process.env.UPDATE_SNAPSHOT === '1') {
    await writeFile(FILE, await format(text, { parser: 'json', printWidth: 110 }));
  }
  expect(document).toEqual(JSON.parse(await readFile(FILE, 'utf8')));
  const backend = await startBackend();
  expect(await (await fetch(`${backend.url}/api/asyncapi.json`)).json()).toEqual(document);
  await backend.stop();
});

it('is valid and has no dangling references', () => {
  // The specification contains the meta-schema of its draft.
  const isValid = new Ajv({ ...OPTIONS, meta: false, validateSchema: false }).compile(SPECIFICATION);
  expect([isValid(document), isValid.errors]).toEqual([true, null]);
  expect(isValid({ ...document, channels: { x: { address: 5 } } })).toBe(false);
  for (const [, path] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = String(path)
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
    expect([path, typeof target]).toEqual([path, 'object']);
  }
});

it('lists every type of both carriers, and describes real messages', () => {
  const { messages } = document['components'] as { messages: object };
  const types = [...EVENT_TYPES, ...ACTIVITY_TYPES];
  const signs = ['heartbeat', 'end', 'run', 'run.end', 'run.error'].map((name) => `sse.${name}`);
  expect(Object.keys(messages).toSorted()).toEqual(
    [...types.flatMap((type) => [`redis.${type}`, `sse.${type}`]), ...signs, 'redis.audit.entry'].toSorted(),
  );
  const id = '01a20ab5-ae54-7856-92ea-c8912e0f8d29';
  const event = {
    v: 1,
    run_id: id,
    session_id: id,
    tenant_id: 'local',
    seq: 3,
    at: '2026-11-23T23:20:09.871Z',
    type: 'item.completed',
    data: { item: { id: 'item_0', type: 'agent_message', text: 'Hi' } },
    new_field: 'may come',
  };
  const isItem = new Ajv(OPTIONS)
    .addSchema(document, 'doc')
    .getSchema('doc#/components/schemas/item.completed');
  expect([isItem?.(event), isItem?.errors]).toEqual([true, null]);
  expect(isItem?.({ ...event, seq: 'three' })).toBe(false);
  const withItem = (item: object) => isItem?.({ ...event, data: { item } });
  expect(withItem({ id: '1', type: 'of the future' })).toBe(true);
  const isFrame = new Ajv(OPTIONS)
    .addSchema(document, 'doc')
    .getSchema('doc#/components/messages/sse.run/payload');
  const framed = (type: string, data: object) => isFrame?.({ id: '3-0', event: { ...event, type, data } });
  expect(framed('item.completed', event.data)).toBe(true);
  expect(framed('item.completed', {})).toBe(false);
  expect(framed('voice.requested', {})).toBe(true);
  const isCommand = new Ajv(OPTIONS)
    .addSchema(document, 'doc')
    .getSchema('doc#/components/schemas/CommandExecutionItem');
  const command = {
    id: '1',
    type: 'command_execution',
    command: 'ls',
    aggregated_output: '',
    status: 'completed',
  };
  expect([isCommand?.(command), isCommand?.({ ...command, exit_code: 'none' })]).toEqual([true, false]);
});
