import { z } from 'zod';
import { openEnum } from './open-reading.js';

/** Money is counted in millionths of a US dollar, as integers. */
export const MICRO_USD = 1_000_000;

/** Dearer than any model, and small enough that tokens times price is an exact number in Postgres. */
const MAX_PRICE = 10_000 * MICRO_USD;
const price = z.int().min(0).max(MAX_PRICE);

/** Name of a model, as sessions and requests to the model server write it. */
export const ModelName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/, 'is not a model name');

/** How long a model reasons before it answers, as Codex takes it. */
export const REASONING_EFFORTS = ['low', 'medium', 'high'] as const;
export const ReasoningEffort = z.enum(REASONING_EFFORTS);
export type ReasoningEffort = z.infer<typeof ReasoningEffort>;

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

const MODEL_SERVER_SOURCES = ['operator', 'organisation'] as const;

/**
 * Root address of a Responses API, usually ending in `/v1`. It is stored and shown, so it holds no credentials: no user name,
 * and no query, in which some services take keys.
 */
export const ModelServerUrl = z
  .string()
  .max(500)
  .regex(/^https?:\/\/[\x21-\x7e]+$/, 'must be an address such as https://models.example.com/v1')
  .refine(isPlainAddress, 'must have no user name, password, query or fragment')
  .meta({ format: 'uri' });

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '' && !/[?#]/.test(text);
}

/** Characters. Common words, which some local servers take for a key, would be redacted wherever they appear. */
const MIN_MODEL_KEY_LENGTH = 16;

/** It is sent in a header, so it is printable ASCII. */
export const ModelServerKey = z
  .string()
  .min(MIN_MODEL_KEY_LENGTH)
  .max(4_096)
  .regex(/^[\x21-\x7e]*$/, 'must have no spaces and only plain characters')
  .meta({ format: 'password' });

/** Answer of `GET /api/models/server`: who answers the organisation's model calls. Nobody can read the key again. */
export const ModelServer = z
  .object({
    source: openEnum(MODEL_SERVER_SOURCES).describe(
      "organisation: a server of its own. operator: the installation's",
    ),
    base_url: z.string().nullable().describe("null: the operator's, which is not told"),
    key_saved_at: z.iso.datetime().nullable().describe('When its key was last replaced'),
  })
  .meta({ id: 'ModelServer' });
export type ModelServer = z.infer<typeof ModelServer>;

/** Body of `PUT /api/models/server`. */
export const SetModelServer = z
  .strictObject({
    base_url: ModelServerUrl,
    key: ModelServerKey.optional().describe(
      'Left out: the saved one stays, which is possible only while scheme, host and port stay the same',
    ),
  })
  .meta({
    id: 'SetModelServer',
    examples: [{ base_url: 'https://models.example.com/v1', key: 'sk-0123456789abcdef' }],
  });
export type SetModelServer = z.infer<typeof SetModelServer>;

const MODEL_SERVER_CHECKS = ['connection', 'key', 'responses', 'models'] as const;
const MODEL_SERVER_OUTCOMES = ['works', 'fails', 'unknown'] as const;

/** Answer of `POST /api/models/server/test`. Of what the server has said it has only numbers. */
export const ModelServerTest = z
  .object({
    works: z.boolean().describe('Nothing was found for which prompts would fail'),
    checks: z
      .array(
        z.object({
          check: openEnum(MODEL_SERVER_CHECKS).describe(
            'responses: whether it has a Responses API. models: whether it lists those that the organisation allows',
          ),
          outcome: openEnum(MODEL_SERVER_OUTCOMES),
          message: z.string().describe('What was found, and what to do about it'),
        }),
      )
      .describe('In this order. What could not be tried after a failure is left out'),
  })
  .meta({ id: 'ModelServerTest' });
export type ModelServerTest = z.infer<typeof ModelServerTest>;
