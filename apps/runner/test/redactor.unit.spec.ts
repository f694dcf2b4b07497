import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Redactor } from '../src/redaction/redactor.js';
import { spellingsOf } from '../src/redaction/spellings.js';

const VALUE = 'p@ss "word"/+~9ä';
const redactor = new Redactor([{ value: VALUE, replacement: '[secret ONE]' }]);

const inBase64 = (before: string) => Buffer.from(`${before}${VALUE}!!!`).toString('base64');

/** What a run may print, and a part of it that tells the secret. */
const PRINTED: [what: string, printed: string, telling: string][] = [
  ['as it is', `<${VALUE}>`, VALUE],
  ['in other letters', VALUE.toUpperCase(), 'P@SS'],
  ['in JSON', JSON.stringify({ VALUE }), 'word'],
  ['in JSON within JSON', JSON.stringify(JSON.stringify({ VALUE })), 'word'],
  ['in a URL', `https://example.com/?q=${encodeURIComponent(VALUE)}`, 'word'],
  ['in a form', new URLSearchParams({ q: VALUE }).toString(), 'word'],
  ['in hex', Buffer.from(VALUE).toString('hex').toUpperCase(), Buffer.from('word').toString('hex')],
  ['in base64', inBase64(''), inBase64('').slice(2, 12)],
  ['in base64, one byte later', inBase64('1'), inBase64('1').slice(4, 14)],
  ['in base64, two bytes later', inBase64('12'), inBase64('12').slice(4, 14)],
  ['in base64 for URLs', Buffer.from(VALUE).toString('base64url'), Buffer.from(VALUE).toString('base64url')],
];

it.each(PRINTED)('removes a secret %s', (_, printed, telling) => {
  const redacted = redactor.redact(`before ${printed} after ${printed}`);
  expect(redacted.toLowerCase()).not.toContain(telling.toLowerCase());
  expect(redacted.split('[secret ONE]')).toHaveLength(3);
  expect(redacted).toMatch(/^before .* after /);
});

it.each(PRINTED)('removes a secret %s that arrives in two pieces, wherever they part', (_, printed) => {
  const whole = redactor.redact(printed);
  for (let at = 0; at <= printed.length; at += 1) {
    const stream = redactor.stream();
    const [first, second] = [stream.push(printed.slice(0, at)), stream.push(printed.slice(at))];
    expect([at, first + second + stream.end()]).toEqual([at, whole]);
  }
});

it('removes a secret from bytes that arrive one by one, and leaves all others as they are', async () => {
  const bytes = Buffer.from(`ä ${VALUE} ${VALUE.slice(0, -1)} ö`);
  const one = Readable.from([...bytes].map((byte) => Buffer.of(byte)));
  expect(await text(one.pipe(redactor.bytes()))).toBe(`ä [secret ONE] ${VALUE.slice(0, -1)} ö`);
});

it('passes a piece on at once when no secret can begin in it', () => {
  expect(redactor.stream().push('nothing to hold back')).toBe('nothing to hold back');
});

it('prefers the longer of two secrets, also when the shorter one arrives first', () => {
  const both = new Redactor([
    { value: 'abcdefgh', replacement: '[short]' },
    { value: 'abcdefghijkl', replacement: '[long]' },
  ]);
  const stream = both.stream();
  expect(stream.push('abcdefgh') + stream.push('ijkl abcdefgh ') + stream.end()).toBe('[long] [short] ');
});

it('removes every long line of a secret of several lines, and its base64 in lines', () => {
  const key = ['-----BEGIN KEY-----', 'x'.repeat(64), 'y'.repeat(64), '-----END KEY-----'].join('\n');
  const many = new Redactor([{ value: `${key}\n`, replacement: '[secret KEY]' }]);
  const indented = key.replaceAll(/^/gm, '  ');
  expect(many.redact(indented)).not.toMatch(/x{8}|y{8}/);
  const lines = Buffer.from(`${key}\n`).toString('base64').replaceAll(/.{76}/g, '$&\n');
  const left = many.redact(lines);
  for (const line of lines.split('\n').slice(0, -1)) expect(left).not.toContain(line.slice(0, 20));
});

it('redacts every text of an event, and no key', () => {
  const event = { type: VALUE, data: { item: { list: [VALUE, 1, null], [VALUE]: true } } };
  expect(redactor.redactAll(event)).toEqual({
    type: '[secret ONE]',
    data: { item: { list: ['[secret ONE]', 1, null], [VALUE]: true } },
  });
});

it('searches for no spelling that appears by chance', () => {
  for (const spelling of spellingsOf('shortone\nx\n\ny')) expect(spelling.length).toBeGreaterThanOrEqual(8);
});
