/**
 * Writes the events of a long run: commands with a line of reasoning after every ninth, so that few of them form a group.
 * @param {{ run: string, session: string, tenant: string }} of
 */
export function longRun({ run, session, tenant }) {
  let seq = 0;
  let commands = 0;
  const begun = Date.now() - 3_600_000;
  const event = (/** @type {string} */ type, /** @type {object} */ data) => {
    seq += 1;
    const at = new Date(begun + seq * 100).toISOString();
    return JSON.stringify({ v: 1, run_id: run, session_id: session, tenant_id: tenant, seq, at, type, data });
  };
  const item = (/** @type {string} */ type, /** @type {object} */ of) => event(type, { item: of });
  const command = () => {
    commands += 1;
    const id = `command-${commands}`;
    const base = { id, type: 'command_execution', command: `bash -lc 'npm test -- part-${commands}'` };
    const aggregated_output = `PASS part-${commands}\n  12 tests passed\n`;
    return [
      item('item.started', { ...base, aggregated_output: '', exit_code: null, status: 'in_progress' }),
      item('item.completed', { ...base, aggregated_output, exit_code: 0, status: 'completed' }),
    ];
  };
  const step = () => [
    ...command(),
    ...(commands % 9 === 0
      ? [
          item('item.completed', {
            id: `thought-${commands}`,
            type: 'reasoning',
            text: `**Part ${commands}** passes.`,
          }),
        ]
      : []),
  ];
  return {
    started: () => [
      event('run.started', { kind: 'prompt', prompt: 'Measure.', model: null, runner: 'bench' }),
    ],
    step,
    /** @param {number} count */
    steps: (count) => Array.from({ length: count }, step).flat(),
    ended: () => [
      item('item.completed', { id: 'answer', type: 'agent_message', text: ANSWER }),
      event('run.succeeded', {}),
    ],
  };
}

const ANSWER = `All ${(4_800).toLocaleString('en')} parts pass.

## What I did

- Ran **every part** of the tests, one after the other
- Looked for parts that are slow, with \`--verbose\`
`;
