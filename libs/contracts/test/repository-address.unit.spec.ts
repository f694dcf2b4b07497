import { completedAddress } from '../src/repository-address.js';

test.each([
  ['openai/codex', 'https://github.com/openai/codex'],
  ['openai/codex.git', 'https://github.com/openai/codex.git'],
  ['github.com/openai/codex', 'https://github.com/openai/codex'],
  ['gitlab.example.org:8443/group/sub/project', 'https://gitlab.example.org:8443/group/sub/project'],
])('%s means %s', (text, address) => expect(completedAddress(text)).toBe(address));

test.each([
  'https://github.com/openai/codex',
  'git@github.com:openai/codex.git',
  'github.com/openai',
  'codex',
  '../codex/a',
  '/srv/git',
  'user:secret@github.com/a/b',
  '-o/a',
  'a/b/c',
])('%s is left as it is', (text) => expect(completedAddress(text)).toBeNull());
