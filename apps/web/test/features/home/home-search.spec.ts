import { draftFromLink } from '../../../src/features/home/home-search.js';

it('does not trust a repository that a link names', () => {
  expect(draftFromLink({ repo: 'https://a.example/x' })).toEqual({
    repo: 'https://a.example/x',
    ref: '',
    trust: false,
  });
  expect(draftFromLink({ prompt: 'Hi' })).toEqual({ prompt: 'Hi' });
});
