import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { isRunMarked } from '../src/sandbox/jail/end-processes.js';

const RUN = randomUUID();
const SETTING = `shell_environment_policy.set={SAAS_CODEX_RUN='${RUN}'}`;
const children: ChildProcess[] = [];

afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

it.each([
  ['its environment', [], { SAAS_CODEX_RUN: RUN }, true],
  ['a setting on its command line', ['--config', SETTING], {}, true],
  ['the name of a model', ['--model', `SAAS_CODEX_RUN='${RUN}'`], {}, false],
  ['the name of a model that is a setting', ['--model', SETTING], {}, false],
  ['any other argument', [`SAAS_CODEX_RUN=${RUN}`], {}, false],
  ['a part of another variable', [], { OTHER: `SAAS_CODEX_RUN=${RUN}`, X: ` SAAS_CODEX_RUN=${RUN}` }, false],
  ['behind a longer id', [], { SAAS_CODEX_RUN: `${RUN}0` }, false],
])('recognises by %s whether a process belongs to a run', async (_, args, env, marked) => {
  const child = spawn('/bin/sh', ['-c', 'echo; read -r _', 'sh', ...args], { env, stdio: 'pipe' });
  children.push(child);
  // By then the process has become the shell.
  await once(child.stdout, 'data');
  expect(await isRunMarked(Number(child.pid), RUN)).toBe(marked);
});
