import type { Element, ElementContent, Nodes as HastNodes } from 'hast';
import { defaultSchema, sanitize } from 'hast-util-sanitize';
import type { Link, Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { toHast } from 'mdast-util-to-hast';
import { gfm } from 'micromark-extension-gfm';
import { loadNamesIn } from './named-characters.js';

/** A part of a text as React renders it. */
export type MarkdownNode = string | MarkdownElement;
export interface MarkdownElement {
  readonly tag: string;
  readonly props: Readonly<Record<string, string | number | boolean>>;
  readonly children: readonly MarkdownNode[];
}

/** A single `~` means "about" or a range in many languages, so only `~~` strikes out. */
const STRIKE_OUT = { singleTilde: false };

/** More than this would keep the page busy for too long, and no answer that a person reads has it. */
const MAX_NODES = 20_000;
const MAX_DEPTH = 60;

let closeMarkup = (text: string): string => text;
let syntax = [gfm(STRIKE_OUT)];

/** Any character that the rules for Chinese, Japanese and Korean are about, and some others. */
const MAYBE_CJK = /[\u1100-\u1fff\u20a9\u2329\u232a\u2e80-\u{10ffff}]/u;

/** Loads what only some texts need. */
export async function loadPartsFor(text: string, growing: boolean): Promise<void> {
  await loadNamesIn(text);
  if (growing) closeMarkup = (await import('remend')).default;
  if (MAYBE_CJK.test(text))
    syntax = [gfm(STRIKE_OUT), ...(await import('./cjk-syntax.js')).cjkSyntax(STRIKE_OUT)];
}

/**
 * The blocks of a text, such as paragraphs and lists, each as the JSON of a MarkdownElement: a block that has not
 * changed has the same JSON. The text is not trusted, since it may quote anything that the agent has read: HTML in it
 * is text, and the tree is sanitised nevertheless.
 * @param growing the text still grows: open markup is closed
 * @returns null: it is nested too deeply or too long to be rendered, and is shown as it is
 */
export function parseMarkdown(text: string, growing: boolean): string[] | null {
  const source = growing ? closeMarkup(text) : text;
  const tree = fromMarkdown(source, { extensions: syntax, mdastExtensions: [gfmFromMarkdown()] });
  if (!isWithinLimits(tree)) return null;
  endLinksAtCjkPunctuation(tree, source);
  const root = sanitize(toHast(tree, { handlers: { html: htmlAsText } }), defaultSchema);
  return childrenOf(root)
    .filter(isElement)
    .map((block) => JSON.stringify(toMarkdownElement(block)));
}

function htmlAsText(
  _state: unknown,
  { value }: { value: string },
  parent: Nodes | undefined,
): ElementContent {
  const text = { type: 'text', value } as const;
  return parent?.type === 'root' ? { type: 'element', tagName: 'p', properties: {}, children: [text] } : text;
}

const childrenOf = (node: HastNodes): readonly HastNodes[] => ('children' in node ? node.children : []);
const isElement = (node: HastNodes): node is Element => node.type === 'element';

function toMarkdownElement({ tagName, properties, children }: Element): MarkdownElement {
  const props: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (value !== null && value !== undefined) {
      props[attributeName(name)] = Array.isArray(value) ? value.join(' ') : value;
    }
  }
  const inside = children.map((child) => {
    if (child.type === 'element') return toMarkdownElement(child);
    return child.type === 'text' ? child.value : '';
  });
  return { tag: tagName, props, children: inside };
}

/** hast has React's names, except for these: `ariaDescribedBy`, `dataFootnoteRef`. */
const attributeName = (name: string): string =>
  name
    .replace(/^aria([A-Z].*)/, (_, rest: string) => `aria-${rest.toLowerCase()}`)
    .replace(/^data[A-Z].*/, (all) => all.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));

function isWithinLimits(root: Root): boolean {
  let level: Nodes[] = [root];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth++) {
    nodes += level.length;
    if (depth > MAX_DEPTH || nodes > MAX_NODES) return false;
    level = level.flatMap((node): Nodes[] => ('children' in node ? node.children : []));
  }
  return true;
}

const CJK_PUNCTUATION = /[\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;

/** An address in running text, such as `https://example.com。`, does not contain the punctuation of the sentence. */
function endLinksAtCjkPunctuation(parent: Nodes, source: string): void {
  if (!('children' in parent)) return;
  parent.children.forEach((node: Nodes, index) => {
    const rest = node.type === 'link' && isBare(node, source) ? cutLink(node) : null;
    if (rest) (parent.children as Nodes[]).splice(index + 1, 0, { type: 'text', value: rest });
    endLinksAtCjkPunctuation(node, source);
  });
}

/** Written as an address alone, neither `[text](address)` nor `<address>`. */
function isBare({ position }: Link, source: string): boolean {
  const start = position && source[position.start.offset ?? 0];
  return start !== '[' && start !== '<';
}

/** @returns the text that does not belong to the link; null if all of it does */
function cutLink(link: Link): string | null {
  const [text] = link.children;
  const end = text?.type === 'text' ? text.value.search(CJK_PUNCTUATION) : -1;
  if (text?.type !== 'text' || end <= 0) return null;
  const rest = text.value.slice(end);
  const cut = link.url.search(CJK_PUNCTUATION);
  link.url = cut > 0 ? link.url.slice(0, cut) : link.url.slice(0, link.url.length - rest.length);
  text.value = text.value.slice(0, end);
  return rest;
}
