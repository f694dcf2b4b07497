import { checkRef } from '../src/workspaces/addresses/check-ref.js';

test.each(['main', 'feature/x', 'v1.2.3', 'refs/pull/1/head', 'a1b2c3d', 'größe', "it's", 'a@b', 'HEAD'])(
  'accepts %s',
  (ref) => expect(checkRef(ref)).toBe(ref),
);

test.each([
  '',
  '-b',
  '--upload-pack=id',
  '/a',
  'a/',
  'a//b',
  'a..b',
  'a.lock',
  'a.lock/b',
  '.a',
  'a/.b',
  'a.',
  'a b',
  'a\n',
  'a\0b',
  'main~1',
  'main^',
  'a:b',
  ':/x',
  'a?',
  'a*',
  'a[0]',
  'a\\b',
  '@',
  'a@{1}',
  '\ud800',
  'a'.repeat(251),
])('refuses %j', (ref) => expect(() => checkRef(ref)).toThrow('ref_invalid'));
