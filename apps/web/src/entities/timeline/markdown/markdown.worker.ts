import { loadPartsFor, parseMarkdown } from './parse-markdown.js';

/** Parses one text at a time for `MarkdownParser`, off the page's thread. */

export interface MarkdownRequest {
  text: string;
  growing: boolean;
}
/** The blocks; null: the text cannot be rendered. */
export type MarkdownAnswer = readonly string[] | null;
/** `begun`: all that the text needs is loaded, and its time counts from now. */
export type MarkdownMessage = 'begun' | MarkdownAnswer;

const send = (message: MarkdownMessage): void => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<MarkdownRequest>) => void answer(data));

async function answer({ text, growing }: MarkdownRequest): Promise<void> {
  try {
    await loadPartsFor(text, growing);
    send('begun');
    send(parseMarkdown(text, growing));
  } catch {
    // Nested so deeply that the stack overflows, or a part of the parser could not be loaded.
    send(null);
  }
}
