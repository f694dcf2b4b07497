import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { extname, join } from 'node:path';
import { dateTaken } from './exif.js';

/**
 * Renames the JPEG photos of a folder: `IMG_1.jpg` becomes `2024-05-17 08.30.05.jpg`. A second photo of the same second gets
 * `-2`. Photos without a date keep their names, and nothing is ever overwritten.
 * @param {string} folder
 * @param {{ dryRun?: boolean }} [options] dryRun: only say what would be done
 * @returns {{ from: string, to: string }[]}
 */
export function renamePhotos(folder, { dryRun = false } = {}) {
  const taken = new Set();
  const renamed = [];
  for (const from of readdirSync(folder).toSorted()) {
    if (!/\.jpe?g$/i.test(from)) continue;
    const date = dateTaken(readFileSync(join(folder, from)));
    if (!date) continue;
    const [day, time] = date.split(' ');
    const name = `${day.replaceAll(':', '-')} ${time.replaceAll(':', '.')}`;
    const to = freeName(name, extname(from).toLowerCase(), from, (file) => {
      return taken.has(file) || existsSync(join(folder, file));
    });
    taken.add(to);
    if (to === from) continue;
    if (!dryRun) renameSync(join(folder, from), join(folder, to));
    renamed.push({ from, to });
  }
  return renamed;
}

function freeName(name, ending, own, isTaken) {
  for (let n = 1; ; n++) {
    const file = n === 1 ? name + ending : `${name}-${n}${ending}`;
    if (file === own || !isTaken(file)) return file;
  }
}
