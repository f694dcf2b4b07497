import { z } from 'zod';

/*
 * Answers and events are open on reading and closed on writing: an older reader must not fail on a newer writer.
 *
 *     field that is not known    dropped: `z.object` does that; request bodies are `z.strictObject`
 *     value of an enum           `openEnum`: read as `Unrecognized`
 *     type of an event           `readRunEvent`, `readActivity`: read as an event of the type `unknown`
 *
 * All of them are unions whose last member takes what the members before it do not know.
 */

/** A value that this version does not know. The brand keeps our own code from writing one. */
export const Unrecognized = z.string().brand<'Unrecognized'>();
export type Unrecognized = z.infer<typeof Unrecognized>;

/** An enum in an answer or an event. Its JSON Schema shows the values that are known, like that of `z.enum`. */
export const openEnum = <const V extends readonly [string, ...string[]]>(values: V) =>
  z.union([z.enum(values), Unrecognized]).meta({
    anyOf: undefined,
    type: 'string',
    ...(values.length > 1 ? { enum: values } : { const: values[0] }),
  });

/** The type of an event or an activity whose own type is not known. */
export const UNKNOWN = 'unknown' as const;

/** Reads JSON from another process. @returns null when it is not JSON, or not what the schema says */
export function readJson<T>(schema: z.ZodType<T>, json: string): T | null {
  try {
    return schema.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null;
  }
}
