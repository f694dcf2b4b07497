/**
 * What to say about a text that the server would refuse. A field has no `maxLength`: the browser would cut what is pasted
 * without a word.
 * @returns undefined if it is short enough
 */
export function tooLong(text: string, limit: number): string | undefined {
  const { length } = text.trim();
  if (length <= limit) return undefined;
  return `This text has ${number.format(length)} characters, and at most ${number.format(limit)} can be sent. Shorten it.`;
}

const number = new Intl.NumberFormat('en');
