import { draftFromLink } from '../../../src/features/home/home-search.js';

it('does not trust a repository that a link names, and fetches nothing with it', () => {
  expect(draftFromLink({ repo: 'https://a.example/x' })).toEqual({
    repo: 'https://a.example/x',
    ref: '',
    trust: false,
    include: [],
  });
  expect(draftFromLink({ prompt: 'Hi' })).toEqual({ prompt: 'Hi' });
});
