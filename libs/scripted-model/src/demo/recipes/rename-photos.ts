import type { Recipe } from './recipe.js';

const RENAME_PHOTOS = `#!/usr/bin/env node
// node rename-photos.mjs FOLDER: renames its photos to the date they were taken, such as 2024-05-17_093012.jpg
import { readdir, readFile, rename, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PHOTO = /\\.jpe?g$/i;
const EXIF_DATE = /(\\d{4}):(\\d\\d):(\\d\\d) (\\d\\d):(\\d\\d):(\\d\\d)\\0/;

/** The date in the photo's EXIF data, as 2024-05-17_093012; null: there is none. */
export function dateTaken(bytes) {
  const text = bytes.subarray(0, 65536).toString('latin1');
  const start = text.indexOf('Exif\\0\\0');
  const [, year, month, day, hour, minute, second] = (start >= 0 && EXIF_DATE.exec(text.slice(start))) || [];
  return year ? \`\${year}-\${month}-\${day}_\${hour}\${minute}\${second}\` : null;
}

const fromFile = ({ mtime }) => mtime.toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '');

/** Renames the photos of a folder and returns [old, new] of each. A photo without EXIF data gets the date of its file. */
export async function renamePhotos(folder) {
  const names = (await readdir(folder)).sort();
  const taken = new Set(names);
  const renamed = [];
  for (const name of names.filter((one) => PHOTO.test(one))) {
    const path = join(folder, name);
    const date = dateTaken(await readFile(path)) ?? fromFile(await stat(path));
    const end = extname(name).toLowerCase();
    let next = date + end;
    for (let n = 2; next !== name && taken.has(next); n += 1) next = \`\${date}-\${n}\${end}\`;
    if (next === name) continue;
    await rename(path, join(folder, next));
    taken.delete(name);
    taken.add(next);
    renamed.push([name, next]);
  }
  return renamed;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const [from, to] of await renamePhotos(process.argv[2] ?? '.')) console.log(\`\${from} -> \${to}\`);
}
`;

const RENAME_PHOTOS_TEST = `import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dateTaken, renamePhotos } from './rename-photos.mjs';

const photo = (date) => Buffer.from(\`\\xff\\xd8\\xff\\xe1Exif\\0\\0\${date}\\0\`, 'latin1');

test('reads the date a photo was taken', () => {
  assert.equal(dateTaken(photo('2024:05:17 09:30:12')), '2024-05-17_093012');
  assert.equal(dateTaken(Buffer.from('no photo')), null);
});

test('renames photos, keeps two of one second apart, and leaves other files alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'photos-'));
  await writeFile(join(folder, 'a.JPG'), photo('2024:05:17 09:30:12'));
  await writeFile(join(folder, 'b.jpg'), photo('2024:05:17 09:30:12'));
  await writeFile(join(folder, 'plain.jpg'), 'no date');
  await utimes(join(folder, 'plain.jpg'), 0, 0);
  await writeFile(join(folder, 'notes.txt'), '');
  await renamePhotos(folder);
  const names = ['1970-01-01_000000.jpg', '2024-05-17_093012-2.jpg', '2024-05-17_093012.jpg', 'notes.txt'];
  assert.deepEqual((await readdir(folder)).sort(), names);
  assert.deepEqual(await renamePhotos(folder), []);
  await rm(folder, { recursive: true });
});
`;

export const RENAME_PHOTOS_RECIPE: Recipe = {
  what: 'a command-line tool that renames photos by the date they were taken',
  folder: 'rename-photos',
  code: { 'rename-photos.mjs': RENAME_PHOTOS },
  tests: { 'rename-photos.test.mjs': RENAME_PHOTOS_TEST },
  use: 'Run `node rename-photos.mjs FOLDER`.',
};
