const SLASH = 0x2f;

/**
 * git refuses to have `.git` in a tree, in any spelling of upper and lower case: somewhere that tree would be checked
 * out where the two are one. What lies in such a folder is not recorded, as nothing of `.git` itself is.
 */
export function canBeInTree(name: Buffer): boolean {
  if (!/\.git(\/|$)/i.test(name.toString('latin1'))) return true;
  return components(name).every((component) => component !== '.git');
}

/** git refuses a `.gitmodules` that leads elsewhere. */
export const cannotBeLink = (base: Buffer): boolean =>
  base.toString('latin1').toLowerCase() === '.gitmodules';

const components = (name: Buffer): string[] =>
  name
    .subarray(0, name.at(-1) === SLASH ? -1 : undefined)
    .toString('latin1')
    .toLowerCase()
    .split('/');
