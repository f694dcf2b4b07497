import { keepSections, withSection } from '../src/pull-requests/body-sections.js';

/** The part of a pull request's description that is ours. */
const MEGABYTE = 1_000_000;

test('each section is replaced in its place at the end, and goes when there is nothing to say', () => {
  const both = withSection(withSection('Say hello.\n', 'tries', ['One try.']), 'evidence', ['Passed.']);
  const changed = withSection(both, 'tries', ['Two tries.']);
  expect(changed).toContain('Passed.');
  expect(changed).toContain('Two tries.');
  expect(changed).not.toContain('One try.');
  expect(withSection(withSection(changed, 'tries', null), 'evidence', null)).toBe('Say hello.');
  expect(keepSections('Say good bye.', changed)).toMatch(/^Say good bye\.[^]*Passed\.[^]*Two tries\./);
});

test('a description of white space, or of our marks alone, is read once', () => {
  const [open, close] = ['<!-- saas-codex: tries -->', '<!-- saas-codex: end of the tries -->'];
  expect(withSection(`a${' '.repeat(MEGABYTE)}b`, 'tries', null)).toHaveLength(MEGABYTE + 2);
  expect(withSection(open.repeat(MEGABYTE / open.length), 'tries', null)).not.toBe('');
  expect(withSection(`${open} ${close}`.repeat(20_000), 'tries', null)).toBe('');
});
