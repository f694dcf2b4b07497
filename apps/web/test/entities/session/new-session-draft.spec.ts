import { NETWORK_DRAFT_OFF } from '../../../src/entities/environment/network-draft.js';
import { NO_SETUP } from '../../../src/entities/environment/setup-draft.js';
import { type NewSessionDraft, toRequest } from '../../../src/entities/session/new-session-draft.js';

const draft: NewSessionDraft = {
  prompt: 'p',
  repo: '',
  ref: '',
  model: '',
  network: NETWORK_DRAFT_OFF,
  secrets: [],
  trust: false,
  include: [],
  isPrivate: false,
  setup: NO_SETUP,
};

describe('toRequest', () => {
  it('leaves out empty fields, and a ref without a repository', () => {
    expect(toRequest({ ...draft, ref: 'main' })).toEqual({ network: { mode: 'off' } });
    expect(toRequest({ ...draft, repo: ' https://a.example/x ', ref: 'main', model: ' ' })).toEqual({
      repo_url: 'https://a.example/x',
      ref: 'main',
      network: { mode: 'off' },
    });
  });

  it('names an effort only if one was chosen', () => {
    expect(toRequest({ ...draft, effort: 'high' })).toHaveProperty('reasoning_effort', 'high');
    expect(toRequest(draft)).not.toHaveProperty('reasoning_effort');
  });

  it('trusts a repository only if there is one, and if it was said', () => {
    const repo = 'https://a.example/x';
    expect(toRequest({ ...draft, repo, trust: true })).toHaveProperty('trust_repository', true);
    expect(toRequest({ ...draft, trust: true })).not.toHaveProperty('trust_repository');
    expect(toRequest({ ...draft, repo })).not.toHaveProperty('trust_repository');
  });

  it('fetches parts of a repository only if there is one, and if it was said', () => {
    const repo = 'https://a.example/x';
    expect(toRequest({ ...draft, repo, include: ['lfs'] })).toHaveProperty('include', ['lfs']);
    expect(toRequest({ ...draft, include: ['lfs'] })).not.toHaveProperty('include');
    expect(toRequest({ ...draft, repo })).not.toHaveProperty('include');
  });

  it('asks for a private session only if it was said', () => {
    expect(toRequest({ ...draft, isPrivate: true })).toHaveProperty('visibility', 'private');
    expect(toRequest(draft)).not.toHaveProperty('visibility');
  });

  it('sends a setup script only if there is one', () => {
    const setup = { ...NO_SETUP, asSession: false, script: 'npm ci' };
    expect(toRequest({ ...draft, setup }).setup).toEqual({ script: 'npm ci', network: { mode: 'off' } });
    expect(toRequest({ ...draft, setup: { ...setup, script: ' \n' } })).not.toHaveProperty('setup');
  });
});
