import { z } from 'zod';
import { openEnum } from './open-reading.js';

/** Money is counted in millionths of a US dollar, as integers. */
export const MICRO_USD = 1_000_000;

/** Dearer than any model, and small enough that tokens times price is an exact number in Postgres. */
const MAX_PRICE = 10_000 * MICRO_USD;
const price = z.int().min(0).max(MAX_PRICE);

/** Name of a model, as sessions and requests to the model server write it. */
export const ModelName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/, 'is not a model name');

const prices = {
  input: price.describe('Input that is not cached'),
  cached_input: price,
  output: price.describe('Output, reasoning included'),
};

/** What a million tokens of a model cost, in micro-dollars: 1,250,000 is 1.25 US dollars. */
export const ModelPrice = z.object(prices).meta({ id: 'ModelPrice' });
export type ModelPrice = z.infer<typeof ModelPrice>;

export const MODEL_PRICE_SOURCES = ['organisation', 'price_list'] as const;

export const Model = z
  .object({
    model: z.string(),
    allowed: z.boolean().describe('Whether sessions of the organisation may use it'),
    price: ModelPrice.nullable().describe(
      'null: not known. Under a cap of money the model cannot be used until an admin has set its price',
    ),
    price_source: openEnum(MODEL_PRICE_SOURCES)
      .nullable()
      .describe('organisation: an admin has set it. price_list: from the list that comes with this version'),
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof Model>;

/** Answer of `GET /api/models`: the models of the price list, and those that the organisation has set something for. */
export const Models = z
  .object({
    allowed: z
      .array(z.string())
      .nullable()
      .describe('The only models that may be used; null: every model, also one that is not in this list'),
    items: z.array(Model),
    price_list_date: z.iso.date().describe('The day on which the prices of the list were looked up'),
  })
  .meta({ id: 'Models' });
export type Models = z.infer<typeof Models>;

const MAX_MODELS = 200;

/** Body of `PATCH /api/models`. What is left out stays as it is. */
export const UpdateModels = z
  .strictObject({
    allowed: z.array(ModelName).min(1).max(MAX_MODELS).nullable().optional(),
    prices: z
      .record(ModelName, z.strictObject(prices).nullable())
      .refine((all) => Object.keys(all).length <= MAX_MODELS, 'are too many')
      .optional()
      .describe("By model; null: the price list's again"),
  })
  .meta({
    id: 'UpdateModels',
    examples: [
      {
        allowed: ['gpt-6.1-sol'],
        prices: { 'gpt-6.1-sol': { input: 2_500_000, cached_input: 100_000, output: 10_000_000 } },
      },
    ],
  });
export type UpdateModels = z.infer<typeof UpdateModels>;
