import { PROBLEMS } from '@saas-codex/contracts/problems';
import { ApiError } from '../../shared/api/api-error.js';
import { repoName } from '../../shared/lib/repo-name.js';
import { toRequest } from './draft.js';
import { fieldError } from './field-errors.js';

const draft = { prompt: 'p', repo: '', ref: '', model: '' };

describe('toRequest', () => {
  it('leaves out what is empty, and a ref that belongs to no repository', () => {
    expect(toRequest({ ...draft, ref: 'main' })).toEqual({});
    expect(toRequest({ ...draft, repo: ' https://a.example/x ', ref: 'main', model: ' ' })).toEqual({
      repo_url: 'https://a.example/x',
      ref: 'main',
    });
  });
});

describe('fieldError', () => {
  const problem = (code: keyof typeof PROBLEMS, path?: string) =>
    ApiError.fromProblem({
      type: 'about:blank',
      ...PROBLEMS[code],
      code,
      detail: 'd',
      ...(path && { errors: [{ path, message: 'm' }] }),
    });

  it('tells the field that a problem is about', () => {
    expect(fieldError(problem('repo_host_forbidden')).field).toBe('repo');
    expect(fieldError(problem('ref_invalid')).field).toBe('ref');
    expect(fieldError(problem('invalid_request', '/model')).field).toBe('model');
    expect(fieldError(problem('rate_limited')).field).toBeNull();
    expect(fieldError(new TypeError('x')).field).toBeNull();
  });
});

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
