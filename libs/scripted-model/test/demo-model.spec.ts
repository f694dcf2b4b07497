import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXAMPLE_PROMPTS, REPOSITORY_PROMPTS } from '@saas-codex/contracts/example-prompts';
import { startDemoModel } from '../src/demo/demo-model.js';
import { type CodexWorkspace, createCodexWorkspace } from '@saas-codex/testing/runner/codex-workspace';

describe('the demo model, with the real Codex', () => {
  let demo: Awaited<ReturnType<typeof startDemoModel>>;
  let workspace: CodexWorkspace | undefined;

  beforeAll(async () => {
    demo = await startDemoModel({ pace: 0 });
  });
  afterEach(() => workspace?.remove());
  afterAll(() => demo.close());

  const open = async (files?: Record<string, string>) =>
    (workspace = await createCodexWorkspace({ baseUrl: demo.baseUrl, token: demo.apiKey }, files));

  it('looks around, writes a note that quotes the prompt, checks it, and says that it is not an AI', async () => {
    const { prompt, repo } = await open({ 'README.md': '# Shop\n', 'src/main.js': 'let a\n' });
    const turn = await prompt('Add a CHANGELOG, "please"!\n$(touch pwned) `x` \'y\'');

    expect(turn.error).toBeUndefined();
    const kinds = turn.items.map((item) => item.type);
    expect(kinds.slice(0, 2)).toEqual(['reasoning', 'command_execution']);
    expect(new Set(kinds)).toEqual(
      new Set(['reasoning', 'command_execution', 'file_change', 'agent_message', 'todo_list']),
    );
    const failed = turn.items.filter((item) => item.type === 'command_execution' && item.exit_code !== 0);
    expect(failed).toEqual([]);
    const note = await readFile(join(repo, 'notes/add-a-changelog-please-touch-pwned.md'), 'utf8');
    expect(note).toContain('> Add a CHANGELOG, "please"!\n> $(touch pwned) `x` \'y\'');
    expect(await readdir(repo)).not.toContain('pwned');
    expect(turn.answer).toContain('not an AI');
    expect(turn.answer).toContain('CODEX_API_KEY');
    const plan = turn.items.find((item) => item.type === 'todo_list');
    expect(plan?.items.every(({ completed }) => completed)).toBe(true);
  });

  it.each([
    ['rename-photos', EXAMPLE_PROMPTS.command, 4],
    ['countdown', EXAMPLE_PROMPTS.page, 2],
    ['slugify', EXAMPLE_PROMPTS.library, 4],
  ])('builds %s with the tests it runs, each time in a folder that is free', async (folder, text, tests) => {
    const { prompt, threadId, repo } = await open();
    const turn = await prompt(text);
    const again = await prompt(text, { threadId: threadId() });

    for (const { error, answer, items } of [turn, again]) {
      expect(error).toBeUndefined();
      expect(answer).toContain(`All ${tests} tests pass.`);
      expect(answer).toMatch(/\n> .*scripted, not an AI.*$/);
      const commands = items.filter((item) => item.type === 'command_execution');
      expect(commands.at(-1)).toMatchObject({
        exit_code: 0,
        command: expect.stringContaining('node --test'),
      });
    }
    expect((await readdir(repo)).toSorted()).toEqual(['.git', folder, `${folder}-2`]);
  });

  it('explains a repository from what its commands print, and changes nothing', async () => {
    const { prompt, git } = await open({
      'README.md': '# Shop\n\nSells shoes to runners.\n',
      'package.json': '{ "scripts": { "test": "node --test" } }\n',
      'src/main.js': 'export const a = 1;\n',
      'src/cart.js': 'export const b = 1;\n',
      'test/cart.test.js': '\n',
    });
    const { answer, error } = await prompt(REPOSITORY_PROMPTS.explain);

    expect(error).toBeUndefined();
    expect(answer).toContain('`README.md` begins with: “Sells shoes to runners.”');
    expect(answer).toContain('- `src/`, 2 files: by its name, the source code');
    expect(answer).toContain('`package.json`; its scripts include `npm run test`.');
    expect(answer).toMatch(/\n> .*scripted, not an AI.*$/);
    expect(await git('status', '--short')).toBe('');
  });

  it.each([
    [
      'JavaScript',
      {
        'src/cart.js': 'export const total = (cart) => cart.length;\n',
        'src/price.js': 'exports.price = () => 5;\nexports.CURRENCY = "EUR";\n',
        'src/run.js': 'process.exit(1);\n',
        'test/cart.test.js': '// cart\n',
      },
      'test/price-exports.mjs',
      ['`price` is there and is a function', '`CURRENCY` is there and is a string'],
    ],
    [
      'Python',
      { 'shop/cart.py': 'def total(cart):\n    return len(cart)\n\n\nclass Cart:\n    pass\n' },
      'tests/check_cart.py',
      ['`total` is there and is a function', '`Cart` is there and is a type'],
    ],
  ])('adds tests to %s for the file that tests name least, and runs them', async (_, files, file, found) => {
    const { prompt, git } = await open(files);
    const { answer, error } = await prompt(REPOSITORY_PROMPTS.test);

    expect(error).toBeUndefined();
    for (const text of [...found, 'tests pass.']) expect(answer).toContain(text);
    expect(answer).toMatch(/\n> .*scripted, not an AI.*$/);
    expect(await git('status', '--short', '-uall')).toBe(`?? ${file}`);
  });

  it.each([
    [
      'a mistake in the text',
      { 'README.md': '# Shop\n\nTeh shop will recieve the the order.\n', 'a.js': 'let b; \n// TODO: c\n' },
      { 'README.md': '# Shop\n\nThe shop will receive the order.\n' },
      'a.js:2:// TODO: c',
    ],
    [
      'blanks at the ends of lines',
      { 'README.md': '# Shop\n', 'a.js': 'let a;  \nlet b;\nlet c;\t\n' },
      { 'a.js': 'let a;\nlet b;\nlet c;\n' },
      '-let c;',
    ],
    [
      'a missing README',
      { 'a.js': 'let a;\n' },
      { 'README.md': expect.stringContaining('- `a.js`') },
      'I wrote',
    ],
    ['nothing', { 'README.md': '# Shop\n' }, {}, 'I changed nothing.'],
  ])('looks for a rough edge and mends it: %s', async (_, files, changed, said) => {
    const { prompt, repo, git } = await open(files);
    const { answer, error } = await prompt(REPOSITORY_PROMPTS.improve);

    expect(error).toBeUndefined();
    expect(answer).toContain(said);
    expect(answer).toMatch(/\n> .*scripted, not an AI.*$/);
    for (const [path, text] of Object.entries(changed))
      expect([path, await readFile(join(repo, path), 'utf8')]).toEqual([path, text]);
    const paths = (await git('status', '--short', '-uall'))
      .split('\n')
      .map((line) => line.slice(line.lastIndexOf(' ') + 1));
    expect(paths).toEqual(Object.keys(changed).length === 0 ? [''] : Object.keys(changed));
  });

  it('says of an empty repository that there is nothing to do', async () => {
    const { prompt, repo } = await open();
    for (const text of Object.values(REPOSITORY_PROMPTS))
      expect((await prompt(text)).answer).toMatch(/The repository is empty|I changed nothing/);
    expect(await readdir(repo)).toEqual(['.git']);
  });

  it('remembers the thread in a new process, and chooses a free file name', async () => {
    const { prompt, threadId, repo } = await open({ 'a.txt': 'a\n' });
    await prompt('Tidy up');
    const turn = await prompt('Tidy up', { threadId: threadId() });

    expect(turn.answer).toContain('the last one was "Tidy up"');
    expect((await readdir(join(repo, 'notes'))).toSorted()).toEqual(['tidy-up-2.md', 'tidy-up.md']);
  });

  it.each(['gpt-5.5', 'some-local-model'])(
    'works in an empty repository and under the model name %s',
    async (model) => {
      const { prompt, git } = await open();
      const turn = await prompt('Начни', { model });

      expect(turn.error).toBeUndefined();
      expect(turn.answer).toContain('the repository is empty so far');
      expect(await git('status', '--short', '-uall')).toBe('?? notes/prompt.md');
    },
  );

  it('reports that its note could not be written', async () => {
    const { prompt, repo } = await open();
    await writeFile(join(repo, 'notes'), 'a file\n');
    await writeFile(join(repo, 'codex-notes'), 'another\n');
    expect((await prompt('Do it')).answer).toContain('could not write');
  });
});
