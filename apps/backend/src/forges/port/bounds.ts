/*
 * What forges hand over was written by anybody, and ends in prompts, commit messages, rows and pages. So each kind of text has a
 * bound, and those that are shown within a line have no line breaks.
 */

const MAX_NAME = 200;
const MAX_SENTENCE = 500;
/** Of files, branches and repositories. */
const MAX_PATH = 1_000;
const MAX_URL = 2_000;
const MAX_DETAIL = 4_000;
/** Of what one person wrote. */
const MAX_REMARK = 4_000;
/** Of what one check says. */
const MAX_LOG = 6_000;

const BREAKS = /[\p{Cc}\u2028\u2029]+/gu;
/** Half of a character, which cutting may leave. */
const BROKEN = /\p{Surrogate}/gu;

const onOneLine = (max: number) => (text: string) =>
  (text.length <= max ? text : `${text.slice(0, max - 1)}…`)
    .replaceAll(BREAKS, ' ')
    .replaceAll(BROKEN, '\uFFFD');

export const asName = onOneLine(MAX_NAME);
export const asSentence = onOneLine(MAX_SENTENCE);
export const asPath = onOneLine(MAX_PATH);
/** For a person: sentences of ours that have what forges said in them. */
export const asDetail = onOneLine(MAX_DETAIL);

/** An address that a page may lead to; null: it is none. */
export const asUrl = (text: string | null): string | null =>
  text !== null && text.length <= MAX_URL && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(text) ? text : null;

export const asRemark = (text: string): string => text.slice(0, MAX_REMARK);

/** The end of a log says why it ended. */
export const asLog = (text: string): string => (text.length <= MAX_LOG ? text : `…${text.slice(-MAX_LOG)}`);
