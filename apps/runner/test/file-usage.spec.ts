import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { processesNaming } from '@saas-codex/testing/runner/runner-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { folderUsage } from '../src/sandbox/jail/limits/file-usage.js';

const TAG = `9${process.pid}${Date.now()}`.slice(0, 9);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-usage-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a count that is aborted while bwrap starts leaves no process behind', async () => {
  // As bwrap is at first: a program with a child that does not end with it.
  const bwrap = join(folder, 'bwrap');
  await writeFile(bwrap, `#!/bin/sh\nsleep ${TAG} &\nwait\n`, { mode: 0o755 });
  const stop = new AbortController();
  const usage = folderUsage(bwrap, [folder], stop.signal);
  await waitFor(async () => (await processesNaming(TAG)).length === 2);
  stop.abort();
  expect(await usage).toBeNull();
  await waitFor(async () => (await processesNaming(TAG)).length === 0);
});
