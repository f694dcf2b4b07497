import { PROBLEMS } from '@saas-codex/contracts/problems';
import { ApiError } from '../../shared/api/api-error.js';
import { repoName } from '../../shared/lib/repo-name.js';
import { NETWORK_DRAFT_OFF } from '../environment/network-draft.js';
import { NO_SETUP } from '../environment/setup-draft.js';
import { type Draft, toRequest } from './draft.js';
import { fieldError } from './field-errors.js';

const draft: Draft = {
  prompt: 'p',
  repo: '',
  ref: '',
  model: '',
  network: NETWORK_DRAFT_OFF,
  setup: NO_SETUP,
};

describe('toRequest', () => {
  it('leaves out what is empty, and a ref that belongs to no repository', () => {
    expect(toRequest({ ...draft, ref: 'main' })).toEqual({ network: { mode: 'off' } });
    expect(toRequest({ ...draft, repo: ' https://a.example/x ', ref: 'main', model: ' ' })).toEqual({
      repo_url: 'https://a.example/x',
      ref: 'main',
      network: { mode: 'off' },
    });
  });

  it('sends a setup script only when there is one', () => {
    const setup = { ...NO_SETUP, asSession: false, script: 'npm ci' };
    expect(toRequest({ ...draft, setup }).setup).toEqual({ script: 'npm ci', network: { mode: 'off' } });
    expect(toRequest({ ...draft, setup: { ...setup, script: ' \n' } })).not.toHaveProperty('setup');
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
    expect(fieldError(problem('invalid_request', '/network/hosts/0/host')).field).toBe('network');
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
