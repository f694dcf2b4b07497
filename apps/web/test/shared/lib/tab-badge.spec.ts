import { tabTitle } from '../../../src/shared/lib/tab-badge.js';

it('says in front of the title how many sessions wait for the person, if any do', () => {
  expect(tabTitle('Cart · saas-codex', 2)).toBe('(2) Cart · saas-codex');
  expect(tabTitle('Cart · saas-codex', 0)).toBe('Cart · saas-codex');
});
