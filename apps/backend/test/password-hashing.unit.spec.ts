import { stat } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { passwordHashing } from '../src/identity/password-hashing.js';

it('leaves threads for work on files, however many passwords are hashed', async () => {
  let hashed = 0;
  const all = Array.from({ length: 16 }, async (_, index) => {
    await passwordHashing.hash(`password ${index}`);
    hashed += 1;
  });
  await stat('.');
  expect(hashed).toBeLessThan(8);
  await Promise.all(all);
});
