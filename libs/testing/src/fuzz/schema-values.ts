import fc from 'fast-check';

/** A JSON schema of the OpenAPI document, as far as requests use it. */
export interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
}

interface SchemaSource {
  /** Named schemas: those of `#/components/schemas`. */
  schemas: Record<string, Schema>;
  /** Ids of things that exist, of the caller's tenant and of another one. They are tried wherever a string is expected. */
  ids: string[];
}

/** Texts that have broken programs before: NUL, lone surrogates, text that changes direction, names of built-in properties. */
const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\u0000'.repeat(50),
  '\ud800',
  'x\udfff',
  '\u202ereversed',
  'e\u0301'.repeat(100),
  '👩‍👩‍👧‍👦'.repeat(40),
  '\n\r\t\v',
  '\u2028',
  '%00',
  '%zz',
  '../../etc/passwd',
  "'; DROP TABLE sessions; --",
  '${1+1}{{1+1}}',
  '<script>alert(1)</script>',
  '-1',
  '1e999',
  'null',
  'true',
  '__proto__',
  'constructor',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-02-30',
  'ſK',
];

const ODD_VALUES: unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  5e-324,
  [],
  {},
  [[]],
  [null],
  { $ne: null },
  { toString: 1 },
  { length: 1e9 },
];

/** A value of any shape that has nothing to do with what is asked for. */
export const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ODD_VALUES) },
  { weight: 3, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(200, 5_000, 200_000).map((length) => 'x'.repeat(length)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(10, 2_000).map((depth) => {
      let value: unknown = 'deep';
      for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { value };
      return value;
    }),
  },
);

/** Values for a schema: most of them valid, with an odd one somewhere in every tenth or so. */
export function valuesOf(schema: Schema, source: SchemaSource, oddness = 1): fc.Arbitrary<unknown> {
  const valid = validValuesOf(schema, source, oddness);
  return oddness === 0
    ? valid
    : fc.oneof({ weight: 24, arbitrary: valid }, { weight: oddness, arbitrary: oddValues });
}

function validValuesOf(schema: Schema, source: SchemaSource, oddness: number): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    const named = source.schemas[schema.$ref.split('/').at(-1) ?? ''];
    if (!named) throw new Error(`There is no schema ${schema.$ref}.`);
    return validValuesOf(named, source, oddness);
  }
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const members = schema.anyOf ?? schema.oneOf;
  if (members) return fc.oneof(...members.map((member) => valuesOf(member, source, oddness)));
  switch (schema.type) {
    case 'object':
      return objects(schema, source, oddness);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, source, oddness), {
        maxLength: Math.min(4, schema.maxItems ?? 4),
      });
    case 'string':
      return texts(schema, source);
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return oddValues;
  }
}

function objects(schema: Schema, source: SchemaSource, oddness: number): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  const record = fc.record(
    Object.fromEntries(properties.map(([name, one]) => [name, valuesOf(one, source, oddness)])),
    { requiredKeys: schema.required ?? [], noNullPrototype: true },
  );
  const entries =
    typeof schema.additionalProperties === 'object'
      ? fc.dictionary(
          fc.constantFrom('a', 'gpt-5', 'B_2'),
          valuesOf(schema.additionalProperties, source, oddness),
          { maxKeys: 3, noNullPrototype: true },
        )
      : fc.constant({});
  const whole = fc.tuple(record, entries).map(([known, more]) => ({ ...known, ...more }));
  if (oddness === 0) return whole;
  const names = properties.map(([name]) => name);
  return fc.oneof(
    { weight: 20, arbitrary: whole },
    // A field that nobody knows.
    {
      weight: 1,
      arbitrary: fc
        .tuple(whole, fc.constantFrom('unknown', 'tenant_id', 'id', 'role', ''), oddValues)
        .map(([known, name, value]) => ({ ...known, [name]: value })),
    },
    // One that is missing.
    {
      weight: names.length > 0 ? 1 : 0,
      arbitrary: fc
        .tuple(whole, fc.constantFrom('', ...names))
        .map(([known, name]) => Object.fromEntries(Object.entries(known).filter(([each]) => each !== name))),
    },
  );
}

function texts(schema: Schema, { ids }: SchemaSource): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 200 } = schema;
  const bounds = fc
    .constantFrom(minLength, minLength - 1, maxLength, maxLength + 1)
    .map((length) => 'x'.repeat(Math.max(0, length)));
  const usual =
    schema.format === 'uuid'
      ? fc.oneof(fc.constantFrom(...ids), fc.uuid())
      : schema.format === 'date-time'
        ? fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
        : schema.format === 'date'
          ? fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
          : schema.format === 'email'
            ? fc.constantFrom(
                'x@example.org',
                'X@EXAMPLE.org',
                'x+y@example.org',
                'x@',
                `${'x'.repeat(64)}@example.org`,
              )
            : fc.constantFrom(
                'x',
                'A name',
                'a-name_1',
                'NAME',
                'off',
                'https://localhost/a.git',
                'README.md',
              );
  return fc.oneof(
    { weight: 12, arbitrary: usual },
    { weight: 2, arbitrary: fc.constantFrom(...ids) },
    { weight: 2, arbitrary: bounds },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  );
}

function numbers({ minimum = 0, maximum = 1_000_000 }: Schema): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: Math.max(minimum, -1e6), max: Math.min(maximum, 1e6) }) },
    { weight: 1, arbitrary: fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1) },
    { weight: 1, arbitrary: fc.double() },
  );
}
