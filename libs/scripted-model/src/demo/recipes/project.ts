import type { Recipe } from './recipe.js';

const PROJECT_PACKAGE = `{
  "name": "my-project",
  "version": "0.1.0",
  "private": true,
  "type": "module",
  "scripts": {
    "test": "node --test",
    "lint": "node scripts/lint.js"
  }
}
`;

const PROJECT_README = `# My project

A start for a JavaScript project. It needs Node 20 or newer, and no packages.

- \`npm test\` runs the tests in \`test/\`.
- \`npm run lint\` checks that every file parses and has no trailing white space.

Replace \`src/slug.js\` with your own code.
`;

const PROJECT_LINT = `import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
let problems = 0;
for (const folder of ['src', 'test', 'scripts']) {
  for (const name of readdirSync(join(root, folder)).filter((one) => one.endsWith('.js'))) {
    const file = join(root, folder, name);
    execFileSync(process.execPath, ['--check', file], { stdio: 'inherit' });
    readFileSync(file, 'utf8')
      .split('\\n')
      .forEach((line, index) => {
        if (line === line.trimEnd()) return;
        console.error(\`\${folder}/\${name}:\${index + 1} has trailing white space\`);
        problems += 1;
      });
  }
}
process.exitCode = problems > 0 ? 1 : 0;
`;

const PROJECT_CODE = `/** "Hello, World!" -> "hello-world" */
export function slug(text) {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).join('-');
}
`;

const PROJECT_TEST = `import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { slug } from '../src/slug.js';

test('makes a slug of words and digits', () => {
  assert.equal(slug('Hello, World!'), 'hello-world');
  assert.equal(slug('  2 + 2 '), '2-2');
  assert.equal(slug('?'), '');
});

test('the code passes its lint script', () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/lint.js', import.meta.url))]);
});
`;

export const PROJECT_RECIPE: Recipe = {
  what: 'a JavaScript project with tests, a lint script and a README',
  folder: 'my-project',
  code: {
    'package.json': PROJECT_PACKAGE,
    'README.md': PROJECT_README,
    'scripts/lint.js': PROJECT_LINT,
    'src/slug.js': PROJECT_CODE,
  },
  tests: { 'test/slug.test.js': PROJECT_TEST },
  use: 'Run `npm test` and `npm run lint`.',
};
