import { MICRO_USD, type ModelPrice } from '@saas-codex/contracts/models';

/** The day on which these prices were looked up: at developers.openai.com/api/docs/pricing, for the standard tier. */
export const PRICE_LIST_DATE = '2026-10-13';

const usd = (input: number, cached_input: number, output: number): ModelPrice => ({
  input: Math.round(input * MICRO_USD),
  cached_input: Math.round(cached_input * MICRO_USD),
  output: Math.round(output * MICRO_USD),
});

/**
 * Of a million tokens, up to 272,000 tokens of input, which is where Codex stops. From gpt-5.6 on, input that is not cached
 * is written to the cache, so it stands here with the price of that, which is a quarter higher.
 */
export const PRICE_LIST: ReadonlyMap<string, ModelPrice> = new Map([
  ['gpt-6.1-sol', usd(2.5, 0.1, 10)],
  ['gpt-6-astra', usd(12.5, 1, 50)],
  ['gpt-6-sol', usd(2.5, 0.2, 10)],
  ['gpt-6-luna', usd(0.125, 0.01, 0.5)],
  ['gpt-5.6-sol', usd(5, 0.4, 20)],
  ['gpt-5.6-terra', usd(2.5, 0.2, 12)],
  ['gpt-5.6-luna', usd(0.25, 0.02, 1.2)],
  ['gpt-5.5', usd(5, 0.5, 30)],
  ['gpt-5.4', usd(2.5, 0.25, 15)],
  ['gpt-5.4-mini', usd(0.75, 0.075, 4.5)],
  ['gpt-5.4-nano', usd(0.2, 0.02, 1.25)],
  ['gpt-5.3-codex', usd(1.75, 0.175, 14)],
]);

/** Nothing costs anything: the demo model. */
export const FREE: ModelPrice = { input: 0, cached_input: 0, output: 0 };
