import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { pathText } from '../history/path-text.js';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { openRegularFile } from './opened-file.js';

/** Whatever the file's own mode is: nothing that is downloaded can be started by accident. */
const MODE = 0o100644;
/** Agents can give a file any time, and what the format cannot hold would end the archive. */
const [EARLIEST, LATEST] = [Date.UTC(1980, 0, 2), Date.UTC(2106, 0, 1)];
/** Characters that a system might understand as something else than a part of a name. */
const UNSAFE = /[\\:*?"<>|\p{Cc}]/gu;

/**
 * A zip archive of files that an agent may still be changing. It is made while it is read: one file is open at a time, and
 * nothing is compressed, which would take processor time from others. What is gone meanwhile is left out.
 * @param maxBytes of all files together
 */
export function zipFiles(folder: string, paths: readonly Buffer[], maxBytes: number): Readable {
  const zip = new ZipFile();
  const output = new PassThrough();
  const cut = new AbortController();
  output.once('close', () => cut.abort());
  zip.once('error', (error) => output.destroy(error));
  zip.outputStream.pipe(output);
  addFiles(zip, folder, paths, maxBytes, cut.signal).catch((error: Error) => output.destroy(error));
  return output;
}

async function addFiles(
  zip: ZipFile,
  folder: string,
  paths: readonly Buffer[],
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const root = await DirectoryHandle.openPath(folder);
  try {
    let room = maxBytes;
    for (const path of paths) {
      signal.throwIfAborted();
      const file = await openRegularFile(root, path);
      if (!file) continue;
      room -= file.size;
      const content = file.read();
      try {
        if (room < 0) throw new Error('The files have grown beyond the limit of an archive.');
        zip.addReadStream(content, zipName(path), {
          mtime: zipTime(file.modifiedAt),
          mode: MODE,
          compress: false,
        });
        await finished(content, { signal });
      } finally {
        content.destroy();
      }
    }
    zip.end();
  } finally {
    root.close();
  }
}

/** The time itself, or the nearest that the format has. */
const zipTime = (time: Date): Date => new Date(Math.min(Math.max(time.getTime() || 0, EARLIEST), LATEST));

/** A name that stays below the folder where the archive is unpacked, on every system. */
const zipName = (path: Buffer): string => pathText(path).replaceAll(UNSAFE, '_');
