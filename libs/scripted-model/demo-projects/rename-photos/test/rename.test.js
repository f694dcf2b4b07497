import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renamePhotos } from '../rename.js';

/** The smallest JPEG that says when it was taken. */
function photo(date) {
  const tiff = Buffer.alloc(64);
  tiff.write('MM\0*', 'latin1');
  tiff.writeUInt32BE(8, 4);
  entry(tiff, 8, 0x8769, 26);
  entry(tiff, 26, 0x9003, 44);
  tiff.write(`${date}\0`, 44, 'latin1');
  const exif = Buffer.concat([Buffer.from('Exif\0\0'), tiff]);
  const header = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([header, exif, Buffer.from([0xff, 0xd9])]);
}

/** A folder with one entry. */
function entry(tiff, at, tag, value) {
  tiff.writeUInt16BE(1, at);
  tiff.writeUInt16BE(tag, at + 2);
  tiff.writeUInt32BE(value, at + 10);
}

function folderWith(files) {
  const folder = mkdtempSync(join(tmpdir(), 'photos-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

test('photos are named after the moment at which they were taken', () => {
  const folder = folderWith({ 'IMG_1.JPG': photo('2024:05:17 08:30:05') });
  renamePhotos(folder);
  assert.deepEqual(readdirSync(folder), ['2024-05-17 08.30.05.jpg']);
});

test('two photos of one second keep apart', () => {
  const date = '2024:05:17 08:30:05';
  const folder = folderWith({ 'a.jpg': photo(date), 'b.jpg': photo(date) });
  renamePhotos(folder);
  assert.deepEqual(readdirSync(folder).toSorted(), ['2024-05-17 08.30.05-2.jpg', '2024-05-17 08.30.05.jpg']);
});

test('other files, and photos without a date, keep their names', () => {
  const folder = folderWith({ 'notes.txt': 'hello', 'broken.jpg': 'not a photo' });
  assert.deepEqual(renamePhotos(folder), []);
  assert.deepEqual(readdirSync(folder).toSorted(), ['broken.jpg', 'notes.txt']);
});

test('a second run changes nothing, and neither does a dry run', () => {
  const folder = folderWith({ 'a.jpg': photo('2024:05:17 08:30:05') });
  assert.equal(renamePhotos(folder, { dryRun: true }).length, 1);
  assert.deepEqual(readdirSync(folder), ['a.jpg']);
  renamePhotos(folder);
  assert.deepEqual(renamePhotos(folder), []);
});
