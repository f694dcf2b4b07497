import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slugify } from '../slugify.js';

test('words are joined, and everything else is left out', () => {
  assert.equal(slugify('  Hello, World!  '), 'hello-world');
  assert.equal(slugify("It's 5 o’clock"), 'its-5-oclock');
});

test('accents and special letters become Latin letters', () => {
  assert.equal(slugify('Crème brûlée'), 'creme-brulee');
  assert.equal(slugify('Straße nach Łódź'), 'strasse-nach-lodz');
});

test('a title without Latin letters or digits gives an empty name', () => {
  assert.equal(slugify('你好'), '');
  assert.equal(slugify(''), '');
});

test('long names end at a whole word', () => {
  assert.equal(slugify('one two three', { maxLength: 8 }), 'one-two');
  assert.equal(slugify('one two three', { maxLength: 7 }), 'one-two');
  assert.equal(slugify('onetwothree', { maxLength: 5 }), 'onetw');
});
