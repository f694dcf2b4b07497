/** Who a patch is by. */
export interface PatchAuthor {
  name: string;
  email: string;
}

/**
 * The head of a patch as an e-mail message, which `git am` makes a commit of.
 * @param subject the first line of the commit's message
 */
export function patchMailHead({ name, email }: PatchAuthor, subject: string, at: Date): string {
  return [
    // What git recognises a mail by; the id and the date mean nothing.
    `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001`,
    `From: ${headerText(name)} <${email}>`,
    `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
    `Subject: [PATCH] ${headerText(subject)}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=UTF-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    '---',
    '',
    '',
  ].join('\n');
}

/** Text without a special meaning in a header. */
const PLAIN_TEXT = /^[\w .'-]{1,60}$/;
/** So that a word with its frame has at most 75 characters, as RFC 2047 wants it. */
const WORD_BYTES = 42;

/** Text for a header, as words of RFC 2047 where it is more than plain letters. */
function headerText(text: string): string {
  if (PLAIN_TEXT.test(text)) return text;
  const words: string[] = [];
  let word = '';
  // oxlint-disable-next-line no-control-regex
  for (const character of text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ')) {
    if (Buffer.byteLength(word + character) > WORD_BYTES) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((part) => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join('\n ');
}
