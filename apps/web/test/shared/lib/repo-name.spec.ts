import { repoName } from '../../../src/shared/lib/repo-name.js';

describe('repoName', () => {
  it.each([
    ['https://github.com/acme/shop.git', 'acme/shop'],
    ['git@github.com:acme/shop.git', 'acme/shop'],
    ['ssh://git@git.example:2222/team/sub/shop/', 'sub/shop'],
    ['http://127.0.0.1:8080/shop', 'shop'],
    ['', null],
    [null, null],
  ])('%s is %s', (address, name) => expect(repoName(address)).toBe(name));
});
