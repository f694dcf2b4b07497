import { cjkFriendlyExtension } from 'micromark-extension-cjk-friendly';
import { gfmStrikethroughCjkFriendly } from 'micromark-extension-cjk-friendly-gfm-strikethrough';

/**
 * Bold ends where a reader of Chinese, Japanese or Korean expects it, though no space is there. The tables of what these
 * scripts are made of are large, so they are loaded for a text that may have some of it.
 */
export const cjkSyntax = (strikeOut: { singleTilde: boolean }) => [
  cjkFriendlyExtension(),
  gfmStrikethroughCjkFriendly(strikeOut),
];
