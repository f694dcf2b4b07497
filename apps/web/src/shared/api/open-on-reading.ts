import { z } from 'zod';

const opened = new WeakMap<z.core.$ZodType, z.core.$ZodType>();

/**
 * A contract as this page reads it. The server may be newer than the page, since a tab stays open over an update, so
 * what a writer must keep to is relaxed for what comes in:
 *
 *     enum, string literal      any string
 *     strict object             further fields are dropped
 *     union by a discriminator  a member of an unknown kind passes with all its fields
 *
 * The types stay the contract's. Code that looks at an enum's value uses shared/lib/open-enums.ts.
 */
export const openOnReading = <S extends z.ZodType>(schema: S) => open(schema) as z.ZodType<z.infer<S>>;

function open(schema: z.core.$ZodType): z.core.$ZodType {
  const known = opened.get(schema);
  if (known) return known;
  const result = convert(schema);
  opened.set(schema, result);
  return result;
}

function convert(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodEnum) return z.string();
  if (schema instanceof z.ZodLiteral) return typeof schema.def.values[0] === 'string' ? z.string() : schema;
  if (schema instanceof z.ZodObject) return openObject(schema);
  if (schema instanceof z.ZodArray) return z.array(open(schema.element));
  if (schema instanceof z.ZodNullable) return z.nullable(open(schema.unwrap()));
  if (schema instanceof z.ZodOptional) return z.optional(open(schema.unwrap()));
  if (schema instanceof z.ZodDefault) return z._default(open(schema.unwrap()), schema.def.defaultValue);
  if (schema instanceof z.ZodDiscriminatedUnion) return openByKind(schema);
  if (schema instanceof z.ZodUnion) return z.union(schema.options.map(open));
  return schema;
}

/** @param kept a field that stays as the contract has it */
function openObject(schema: z.ZodObject, kept?: string): z.ZodObject {
  const shape = Object.entries(schema.shape).map(
    ([name, field]) => [name, name === kept ? field : open(field)] as const,
  );
  const object = z.object(Object.fromEntries(shape));
  const { catchall } = schema.def;
  return catchall && !(catchall instanceof z.ZodNever) ? object.catchall(catchall) : object;
}

function openByKind({ def, options }: z.ZodDiscriminatedUnion): z.ZodType {
  const { discriminator } = def;
  const members = options.filter((option) => option instanceof z.ZodObject);
  const kinds = new Set(
    members.flatMap(({ shape }) => {
      const kind: unknown = shape[discriminator];
      return kind instanceof z.ZodLiteral ? [...kind.values] : [];
    }),
  );
  const [first, ...others] = members.map((member) => openObject(member, discriminator));
  const unknownKind = z.looseObject({ [discriminator]: z.string().refine((kind) => !kinds.has(kind)) });
  return first
    ? z.union([z.discriminatedUnion(discriminator, [first, ...others]), unknownKind])
    : unknownKind;
}
