import { patternOf, search } from '../src/secret-search.js';

const SECRET = '4f0c/9a+b7e2d1c8=5f6a3b0e9d7c';

test.each([
  ['as it is', SECRET],
  ['cut short', SECRET.slice(0, 20)],
  ['in an address', encodeURIComponent(SECRET)],
  ['in hex', Buffer.from(SECRET).toString('hex')],
  ['in base64', Buffer.from(SECRET).toString('base64')],
  ['in base64 behind a name', Buffer.from(`u:${SECRET}`).toString('base64')],
  ['in base64 behind another', Buffer.from(`ab:${SECRET}@`).toString('base64url')],
])('a secret is found %s', (_how, text) => {
  const places = [
    { name: 'with', content: Buffer.from(`\0 ${text}\xff`) },
    { name: 'without', content: 'nothing' },
  ];
  expect(search(places, { secret: patternOf(SECRET) })).toEqual({ secret: ['with'] });
});
