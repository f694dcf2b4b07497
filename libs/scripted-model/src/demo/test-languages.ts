import { lines, testResult } from './steps.js';

/** What a file exports: names with the types of their values. */
export type Exports = [name: string, type: string][];

/** How the demo model tests a file of this language. Paths need no quotes. */
export interface TestedLanguage {
  /** A command that loads the file and prints `EXPORTS ` with `Exports` as JSON. */
  probe(path: string): string;
  /** A path that is free. It is one that other test runners of the repository leave alone. */
  testFile(path: string, tests: string[]): string;
  testText(path: string, exported: Exports): string;
  run(file: string): string;
  /** A sentence. @param output of `run` */
  resultOf(output: string): string;
}

export const languageOf = (path: string): TestedLanguage => (path.endsWith('.py') ? PYTHON : JAVASCRIPT);

/** `src/cart.js` → `cart` */
export const nameOf = (path: string): string => path.replace(/^.*\//, '').replace(/\.[^.]*$/, '');

const JAVASCRIPT: TestedLanguage = {
  probe: (path) =>
    `timeout 10 node -e 'import("./${path}").then((all) => console.log("EXPORTS " + JSON.stringify(Object.entries(all).map(([name, value]) => [name, typeof value]))))'`,
  testFile: (path, tests) => freeFile(folderOf(tests, 'test'), `${nameOf(path)}-exports`, '.mjs', tests),
  testText: (path, exported) =>
    [
      "import assert from 'node:assert/strict';",
      "import { test } from 'node:test';",
      `import * as subject from '../${path}';`,
      ...exported.flatMap(([name, type]) => [
        '',
        `test('${path} exports the ${type} ${name}', () => {`,
        `  assert.equal(typeof subject.${name}, '${type}');`,
        '});',
      ]),
    ].join('\n'),
  run: (file) => `node --test --test-reporter=spec ${file}`,
  resultOf: testResult,
};

const PYTHON: TestedLanguage = {
  probe: (path) => `timeout 10 python3 -B -c '${LOAD(path)}
import json
mine = [(name, type(value).__name__) for name, value in vars(subject).items() if getattr(value, "__module__", "") == "subject"]
print("EXPORTS " + json.dumps([one for one in mine if not one[0].startswith("_")]))'`,
  testFile: (path, tests) => freeFile(folderOf(tests, 'tests'), `check_${nameOf(path)}`, '.py', tests),
  testText: (path, exported) =>
    [
      'import unittest',
      LOAD(path),
      '',
      '',
      'class Exports(unittest.TestCase):',
      ...exported.flatMap(([name, type], index) => [
        ...(index === 0 ? [] : ['']),
        `    def test_${name}(self):`,
        `        self.assertEqual(type(subject.${name}).__name__, "${type}")`,
      ]),
      '',
      '',
      'if __name__ == "__main__":',
      '    unittest.main()',
    ].join('\n'),
  run: (file) => `python3 -B ${file}`,
  resultOf(output) {
    const [, count] = /Ran (\d+) tests? in /.exec(output) ?? [];
    if (count === undefined) return 'Its tests could not be run here.';
    return lines(output).at(-1) === 'OK' ? `All ${count} tests pass.` : 'Some of its tests fail.';
  },
};

/** Python that loads a file as `subject`. It works in the repository's folder, whatever packages it has. */
const LOAD = (path: string): string =>
  [
    'import importlib.util',
    `spec = importlib.util.spec_from_file_location("subject", "${path}")`,
    'subject = importlib.util.module_from_spec(spec)',
    'spec.loader.exec_module(subject)',
  ].join('\n');

/** The folder at the top with tests, else `usual`. */
const folderOf = (tests: string[], usual: string): string =>
  tests.map((path) => /^(tests?)\//.exec(path)?.[1]).find((name) => name !== undefined) ?? usual;

function freeFile(folder: string, name: string, ending: string, taken: string[]): string {
  for (let n = 1; ; n += 1) {
    const path = `${folder}/${name}${n === 1 ? '' : `-${n}`}${ending}`;
    if (!taken.includes(path)) return path;
  }
}
