import { readDeclaration } from '../src/checks/checks-declaration.js';

const read = (text: string) => readDeclaration(Buffer.from(text));

describe('the declaration of checks', () => {
  it('has names, commands and time limits', () => {
    const text =
      'secrets: [NPM_TOKEN]\nchecks:\n  - name: Test\n    run: |\n      npm ci\n      npm test\n    timeout_minutes: 30\n  - { name: Lint, run: npm run lint }\n';
    expect(read(text)).toEqual({
      checks: [
        { name: 'Test', run: 'npm ci\nnpm test', timeout_minutes: 30 },
        { name: 'Lint', run: 'npm run lint', timeout_minutes: 10 },
      ],
      secrets: ['NPM_TOKEN'],
      required: false,
      problem: null,
    });
  });

  it('is empty when there is no file', () => {
    expect(readDeclaration(null)).toEqual({ checks: [], secrets: [], required: false, problem: null });
  });

  it.each([
    ['is no YAML', 'checks: ['],
    ['the file: ', '- a\n- b'],
    ['checks: ', 'checks: []'],
    ['checks.0.run: ', 'checks: [{ name: A }]'],
    ['checks.0: ', 'checks: [{ name: A, run: x, when: never }]'],
    ['checks.0.timeout_minutes: ', 'checks: [{ name: A, run: x, timeout_minutes: 1000 }]'],
    ['two have one name', 'checks: [{ name: A, run: x }, { name: A, run: y }]'],
    ['secrets.0: ', 'checks: [{ name: A, run: x }]\nsecrets: ["A-B"]'],
    ['too many references', `a: &a [x]\nb: [${'*a, '.repeat(50)}]`],
    ['more than 64 KB', `# ${'x'.repeat(70_000)}`],
    ['checks.0.name: ', 'checks: [{ name: "a\\nb", run: x }]'],
    ['NUL', 'checks: [{ name: A, run: "\\0" }]'],
    ['surrogate', 'checks: [{ name: A, run: "\\ud800" }]'],
    ['the file: ', ''],
    ['more than 64 KB', `required: true # ${'x'.repeat(70_000)}`],
    ['is no YAML', 'required: true\nchecks: ['],
    ['required: ', 'checks: [{ name: A, run: x }]\nrequired: yes'],
    ['requird', 'checks: [{ name: A, run: x }]\nrequird: true'],
  ])('says what is wrong, and lets nothing out: %s', (problem, text) => {
    const { checks, required, problem: said } = read(text);
    expect(required).toBe(true);
    expect(said).toMatch(
      /\. Mend it on the branch that sessions start from\. Until then, nothing is pushed\.$/,
    );
    expect(checks).toEqual([]);
    expect(said).toContain('.saas-codex/checks.yml: ');
    expect(said).toContain(problem);
  });
});
