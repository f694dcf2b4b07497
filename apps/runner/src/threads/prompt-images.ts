import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IMAGE_EXTENSIONS, type InputImage } from '@saas-codex/contracts/images';
import { IMAGES_FOLDER } from '@saas-codex/contracts/workspace-layout';
import type { ThreadPaths } from './workspace-path.js';

/**
 * The files of a prompt's images, in order. They are outside of the session's folder, and no agent sees the folder they are in.
 * @returns null when one of them is gone
 */
export async function imageFilesOf(
  { repo, sessionId }: ThreadPaths,
  images: readonly InputImage[],
): Promise<string[] | null> {
  const folder = join(dirname(dirname(repo)), IMAGES_FOLDER, sessionId);
  const files = images.map(({ image_id, media_type }) =>
    join(folder, `${image_id}.${IMAGE_EXTENSIONS[media_type]}`),
  );
  const found = await Promise.all(files.map((file) => lstat(file).catch(() => null)));
  return found.every((stats) => stats?.isFile()) ? files : null;
}
