/** Letters that do not fall apart into a Latin letter and an accent. */
const LETTERS = { æ: 'ae', đ: 'd', ł: 'l', ø: 'o', œ: 'oe', ß: 'ss', þ: 'th' };

/**
 * Turns a title into a name for an address: `Crème brûlée!` becomes `creme-brulee`.
 * @param {string} title
 * @param {{ maxLength?: number }} [options] maxLength: longer names end at a whole word where that is possible
 * @returns {string} only `a-z`, `0-9` and `-`; empty if the title has no Latin letter or digit
 */
export function slugify(title, { maxLength = 80 } = {}) {
  const words = title
    .toLowerCase()
    .replace(/[æđłøœßþ]/g, (letter) => LETTERS[letter])
    .normalize('NFKD')
    .replace(/[\u0300-\u036f'’]/g, '')
    .match(/[a-z0-9]+/g);
  const slug = (words ?? []).join('-');
  if (slug.length <= maxLength) return slug;
  const end = slug.lastIndexOf('-', maxLength);
  return slug.slice(0, end > 0 ? end : maxLength);
}
