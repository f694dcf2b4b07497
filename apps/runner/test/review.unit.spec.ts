import { parseReview } from '../src/engine/app-server/review.js';

const REPO = '/workspaces/one/repo';

/** As Codex 0.163.0 writes it. */
const TEXT = [
  'One mistake.',
  'It is small.',
  '',
  'Full review comments:',
  '',
  `- [P1] Keep one — ${REPO}/src/a.txt:1-2`,
  '  It was one.',
  '  ',
  '  - a list — /x.txt:1-1',
  '',
  '- No tag — /elsewhere/b — c.txt:22-10',
  '  Body',
].join('\n');

it('reads the findings of a review, with paths relative to the repository', () => {
  expect(parseReview(TEXT, REPO)).toEqual({
    text: 'One mistake.\nIt is small.',
    findings: [
      {
        title: 'Keep one',
        text: 'It was one.\n\n- a list — /x.txt:1-1',
        priority: 1,
        path: 'src/a.txt',
        first_line: 1,
        last_line: 2,
      },
      {
        title: 'No tag',
        text: 'Body',
        priority: null,
        path: '/elsewhere/b — c.txt',
        first_line: 10,
        last_line: 22,
      },
    ],
  });
});

it('reads a single finding without a word about the whole', () => {
  const { text, findings } = parseReview(`Review comment:\n\n- [P0] Stop — ${REPO}/a:1-1\n  Now.`, REPO);
  expect(text).toBe('');
  expect(findings).toMatchObject([{ title: 'Stop', priority: 0, path: 'a', text: 'Now.' }]);
});

it('reads the JSON of a reviewer who leaves something out, which Codex passes on as it is', () => {
  const location = { absolute_file_path: `${REPO}/a.txt`, line_range: { start: 3, end: 3 } };
  const answer = { findings: [{ title: '[P2] Name it', body: 'Why.', code_location: location }] };
  expect(parseReview(`Here it is:\n\`\`\`json\n${JSON.stringify(answer)}\n\`\`\``, REPO)).toEqual({
    text: '',
    findings: [{ title: 'Name it', text: 'Why.', priority: 2, path: 'a.txt', first_line: 3, last_line: 3 }],
  });
});

it.each([
  ['words', 'No mistakes.'],
  ['JSON of another shape', '{"findings":"none"}'],
  ['a header without findings', 'Review comment:\n\nNothing that can be read.'],
])('keeps %s as the text of the review', (_, text) => {
  expect(parseReview(text, REPO)).toEqual({ text, findings: [] });
});
