import { MICRO_USD, type ModelPrice } from '@saas-codex/contracts/models';
import type { Usage } from '@saas-codex/contracts/runs';

/** What a model call uses of a cap. */
export interface Amount {
  tokens: number;
  micro_usd: number;
}

export const NOTHING: Amount = { tokens: 0, micro_usd: 0 };

/** What was used. Cached input is part of the input, and reasoning of the output. @param price null: not known, so it counts as 0 */
export function amountOf(usage: Usage, price: ModelPrice | null): Amount {
  const { input_tokens: input, output_tokens: output } = usage;
  // A server that counts them apart must not make the input negative.
  const cached = Math.min(usage.cached_input_tokens, input);
  return {
    tokens: input + output,
    micro_usd:
      price === null
        ? 0
        : costOf([
            [input - cached, price.input],
            [cached, price.cached_input],
            [output, price.output],
          ]),
  };
}

/** The most that a call can use. @param price null: not known, so it counts as 0 */
export const amountAtMost = (input: number, output: number, price: ModelPrice | null): Amount => ({
  tokens: input + output,
  micro_usd:
    price === null
      ? 0
      : costOf([
          [input, Math.max(price.input, price.cached_input)],
          [output, price.output],
        ]),
});

/** Rounded up to a micro-dollar. Tokens times a price do not fit into a number. */
function costOf(parts: [tokens: number, price: number][]): number {
  const sum = parts.reduce((all, [tokens, price]) => all + BigInt(tokens) * BigInt(price), 0n);
  const million = BigInt(MICRO_USD);
  return Number((sum + million - 1n) / million);
}
