import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const MEGABYTE = 1024 * 1024;
const PRINT = { do: 'command' as const, cmd: "head -c 200000 /dev/zero | tr '\\0' x" };
/** Poses as the model and sends 20 MB in one message. */
const IMPOSTOR = `
const server = require('http').createServer((request, response) => {
  if (request.method === 'GET') return response.end('here');
  request.resume().on('end', async () => {
    const write = (text) => response.write(text) || new Promise((resolve) => response.once('drain', resolve));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    await write('event: response.output_item.done\\ndata: {"type":"response.output_item.done","item":{"type":"message",' +
      '"role":"assistant","id":"m","content":[{"type":"output_text","text":"');
    for (let n = 0; n < 20; n += 1) await write('F'.repeat(1024 * 1024));
    await write('"}]}}\\n\\n');
    response.end('event: response.completed\\ndata: {"type":"response.completed","response":{"id":"r","usage":null}}\\n\\n');
  });
});
const listen = () => server.listen(39100, '127.0.0.1');
server.on('error', () => setTimeout(listen, 20));
listen();
`;
const PASS_FOR_THE_MODEL = [
  `echo ${Buffer.from(IMPOSTOR).toString('base64')} | base64 -d >/tmp/impostor.cjs`,
  'for process in /proc/[0-9]*; do tr "\\0" " " <$process/cmdline | grep -q "[s]ocat" && kill -9 ${process#/proc/}; done',
  'setsid node /tmp/impostor.cjs </dev/null >/tmp/said 2>&1 &',
  'until curl -s --noproxy "*" http://127.0.0.1:39100/; do sleep 0.1; done',
].join('\n');

describe('the log of a run', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create([
      {
        name: 'long',
        match: 'Say much',
        steps: [{ do: 'message', text: `begin${'x'.repeat(MEGABYTE)}end` }],
      },
      {
        name: 'impostor',
        match: 'Speak for the model',
        steps: [{ do: 'command', cmd: PASS_FOR_THE_MODEL }, { do: 'endless' }],
      },
      {
        name: 'often',
        steps: [...Array.from({ length: 20 }, () => PRINT), { do: 'message', text: 'Done.' }],
      },
    ]);
    runner = await world.startRunner({ ISOLATION: 'bubblewrap', MAX_RUN_LOG_MB: '1' });
  });
  afterAll(() => world.destroy());

  const play = async (prompt: string) => {
    const events = await world.ended(
      await world.startRun(runner, await world.createThread(runner), prompt),
      60_000,
    );
    return { events, size: JSON.stringify(events).length };
  };

  it('keeps the head and tail of a long message, also while it is streamed', async () => {
    const { events, size } = await play('Say much');
    expect(dataOf(events, 'item.completed').at(-1)?.item['text']).toMatch(/^beginx+\n.*\nx+end$/);
    expect(events.at(-1)?.type).toBe('run.succeeded');
    expect(size).toBeLessThan(MEGABYTE);
  });

  it('survives an agent that poses as the model, as does the runner', async () => {
    const before = await runner.peakMegabytes();
    const { events } = await play('Speak for the model');
    expect(dataOf(events, 'run.failed')[0]?.reason).toMatch(/ 1 MB \(MAX_RUN_LOG_MB\)/);
    expect(await runner.peakMegabytes()).toBeLessThan(before + 200);
    expect((await play('Say much')).events.at(-1)?.type).toBe('run.succeeded');
  });

  it('ends the run when it is full', async () => {
    const { events, size } = await play('Say it often');
    expect(dataOf(events, 'run.failed')[0]?.reason).toBe(
      'The run printed more than its log may hold, which is 1 MB (MAX_RUN_LOG_MB). Go on from here in smaller steps, or have the limit raised.',
    );
    expect(size).toBeLessThan(1.1 * MEGABYTE);
  });
});
