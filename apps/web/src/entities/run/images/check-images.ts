import { IMAGE_TYPES } from '@saas-codex/contracts/images';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { inBytes } from '../../../shared/lib/bytes.js';

export type ImageLimits = NonNullable<SystemInfo['images']>;

/**
 * Those of the files that may be attached, and sentences about the others. The server judges by content; this saves the upload.
 * @param attached how many images the prompt has already
 */
export function checkImages(
  files: readonly File[],
  limits: ImageLimits,
  attached: number,
): { accepted: File[]; problems: string[] } {
  const problems: string[] = [];
  const accepted = files.filter((file) => {
    const problem = problemWith(file, limits);
    if (problem !== null) problems.push(problem);
    return problem === null;
  });
  const room = Math.max(0, limits.max_per_prompt - attached);
  if (accepted.length > room)
    problems.push(`A prompt may have at most ${limits.max_per_prompt} images. Remove some first.`);
  return { accepted: accepted.slice(0, room), problems };
}

function problemWith({ name, type, size }: File, limits: ImageLimits): string | null {
  if (!IMAGE_TYPES.some((known) => known === type))
    return `${name || 'The file'} is no PNG, JPEG, WebP or GIF. Save it as one of these, and attach that.`;
  if (size > limits.max_bytes)
    return `${name || 'The image'} has ${inBytes(size)}. At most ${inBytes(limits.max_bytes)} are possible: make it smaller, or save it as JPEG.`;
  return null;
}
