import { Network } from '@saas-codex/contracts/network';
import { problemErrors } from '../../../src/entities/environment/field-errors.js';
import {
  allowing,
  allows,
  fromNetwork,
  hostIn,
  NETWORK_DRAFT_OFF,
  networkErrors,
  toNetwork,
} from '../../../src/entities/environment/network-draft.js';
import {
  fromSetup,
  NO_SETUP,
  scriptTitle,
  setupErrors,
  toSetup,
} from '../../../src/entities/environment/setup-draft.js';

const list = (...hosts: string[]) => ({
  mode: 'allow_list' as const,
  hosts: hosts.map((host) => ({ host, readOnly: false })),
});

describe('a network draft', () => {
  it('keeps its hosts while another mode is chosen, and sends them only with an allow list', () => {
    const draft = { ...list('a.example'), mode: 'off' as const };
    expect(toNetwork(draft)).toEqual({ mode: 'off' });
    expect(toNetwork({ ...draft, mode: 'allow_list' })).toEqual({
      mode: 'allow_list',
      hosts: [{ host: 'a.example', methods: 'any' }],
    });
  });

  it('is the same after it was saved and read', () => {
    const network = {
      mode: 'allow_list',
      hosts: [
        { host: '*.example.com', methods: 'read' },
        { host: 'git.example:8443', methods: 'any' },
      ],
    } as const;
    expect(toNetwork(fromNetwork({ ...network, hosts: [...network.hosts] }))).toEqual(network);
  });

  it('points to the invalid row, and requires a host in an allow list', () => {
    expect(networkErrors(list('a.example', 'not a host'))).toEqual({
      '/hosts/1/host': expect.stringContaining('is not a host name'),
    });
    expect(networkErrors(list())).toEqual({ '/hosts': expect.stringContaining('at least one host') });
    expect(networkErrors({ ...list(), mode: 'ask' })).toEqual({});
    expect(networkErrors(NETWORK_DRAFT_OFF)).toEqual({});
  });

  it.each([
    ['https://Registry.npmjs.org/left-pad?x=1', 'registry.npmjs.org'],
    [' *.Example.com ', '*.example.com'],
    ['git+ssh://example.com:8443/x', 'example.com:8443'],
  ])('finds the host in %s', (typed, host) => expect(hostIn(typed)).toBe(host));

  it.each([
    [{ mode: 'on' }, 'network_off', true],
    [{ mode: 'on' }, 'address_not_public', false],
    [{ mode: 'off' }, 'network_off', false],
    [{ mode: 'allow_list', hosts: [{ host: 'b.example', methods: 'any' }] }, 'host_not_allowed', false],
    [{ mode: 'allow_list', hosts: [{ host: '*.example', methods: 'any' }] }, 'host_not_allowed', true],
    [{ mode: 'allow_list', hosts: [{ host: 'a.example', methods: 'read' }] }, 'method_not_allowed', false],
  ] as const)('knows whether %j now allows a connection refused with %s', (network, reason, allowed) =>
    expect(allows(Network.parse(network), { host: 'a.example', port: 443, reason })).toBe(allowed),
  );

  it('adds a refused host once, and allows no less than the connection needs', () => {
    const refusal = { host: 'a.example', port: 443, reason: 'network_off' } as const;
    expect(allowing(NETWORK_DRAFT_OFF, refusal)).toEqual(list('a.example'));
    expect(allowing({ ...list(), mode: 'ask' }, refusal)).toEqual({ ...list('a.example'), mode: 'ask' });
    expect(allowing(list('b.example'), { ...refusal, port: 8080 })).toEqual(
      list('b.example', 'a.example:8080'),
    );
    const readOnly = { mode: 'allow_list' as const, hosts: [{ host: 'a.example', readOnly: true }] };
    expect(allowing(readOnly, { ...refusal, reason: 'method_not_allowed' })).toEqual(list('a.example'));
  });
});

describe('a setup draft', () => {
  it('has its own network only if one was chosen', () => {
    const setup = { script: 'npm ci', network: { mode: 'on' as const } };
    expect(toSetup(fromSetup(setup, { mode: 'off' }))).toEqual(setup);
    expect(toSetup(fromSetup({ script: 'npm ci' }, { mode: 'on' }))).toEqual({ script: 'npm ci' });
    expect(toSetup(NO_SETUP)).toBeNull();
  });

  it('has errors about its own network only', () => {
    const draft = { ...NO_SETUP, script: 'npm ci', network: list('not a host') };
    expect(setupErrors(draft)).toEqual({});
    expect(setupErrors({ ...draft, asSession: false })).toHaveProperty(['/network/hosts/0/host']);
  });

  it('is named by its first command', () => {
    expect(scriptTitle('#!/bin/bash\n# installs\n\n  npm ci\nnpm test')).toBe('npm ci');
    expect(scriptTitle('# nothing')).toBe('# nothing');
  });
});

it("assigns the server's errors to their fields", () => {
  const errors = [
    { path: '/network/hosts/0/host', message: 'first' },
    { path: '/network/hosts/0/host', message: 'second' },
    { path: '/networks', message: 'other' },
  ];
  const problem = { type: '', title: '', status: 400, code: 'invalid_request', detail: '', errors } as const;
  expect(problemErrors({ ...problem, errors }, '/network')).toEqual({ '/hosts/0/host': 'first' });
});
