import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { PREFIX, type Schema, type Schemas } from './json-schema.js';
import { nameMembers } from './unions.js';

/*
 * The schemas of the document, generated from the contracts.
 *
 *     in answers     open: they may get new fields              Network, Setup, Session …
 *     in requests    closed, and what has a default is optional  NetworkInput, SetupInput, CreateSession …
 *
 * A contract that is in both is described twice: `…Input` is what a client sends.
 */

const REF = /"#\/components\/schemas\/([^"]+)"/g;

/** Replaces the document's schemas by those that its operations use. */
export function describeSchemas(document: OpenAPIObject): void {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as object));
  const bodies = operations.flatMap(({ requestBody }: { requestBody?: object }) => requestBody ?? []);
  const answers = operations.map(({ responses }: { responses: object }) => responses);
  const answerSchemas = named('output');
  const inputSchemas = named('input');
  const inAnswers = reachable(answers, answerSchemas);
  const inBodies = reachable(bodies, inputSchemas);
  const inputName = (name: string) => (inAnswers.has(name) ? `${name}Input` : name);
  const inputs = [...inBodies].map((name): [string, Schema] => [
    inputName(name),
    renameRefs(inputSchemas[name] ?? {}, inputName),
  ]);
  const outputs = [...inAnswers].map((name): [string, Schema] => [name, open(answerSchemas[name] ?? {})]);
  const all = Object.fromEntries([...outputs, ...inputs].map(([name, schema]) => [name, simplified(schema)]));
  document.components = { ...document.components, schemas: all };
  for (const body of bodies) requireBody(body as Body, all);
}

/** All contracts that have a name, as their readers or as their writers see them. */
function named(io: 'input' | 'output'): Schemas {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { io, uri: (id) => PREFIX + id });
  const clean = Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [
    id,
    schema,
  ]);
  return nameMembers(Object.fromEntries(clean) as Schemas, io);
}

/** Names of the schemas to which references lead, directly and through other schemas. */
function reachable(from: unknown, schemas: Schemas): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value ?? null).matchAll(REF)) {
      if (found.has(name)) continue;
      found.add(name);
      visit(schemas[name]);
    }
  };
  visit(from);
  return found;
}

const renameRefs = (schema: Schema, rename: (name: string) => string): Schema =>
  JSON.parse(
    JSON.stringify(schema).replace(REF, (_, name: string) => JSON.stringify(PREFIX + rename(name))),
  ) as Schema;

const changed = (schema: Schema, change: (part: Schema) => void): Schema => {
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    if (!Array.isArray(part)) change(part as Schema);
    for (const inner of Object.values(part)) visit(inner);
  };
  const copy = structuredClone(schema);
  visit(copy);
  return copy;
};

/** Answers and events may get new fields. */
const open = (schema: Schema): Schema =>
  changed(schema, (part) => {
    if (part['additionalProperties'] === false) delete part['additionalProperties'];
  });

/** Removes the bounds of integers that are only those of JavaScript, and writes `T | null` as one type. */
const simplified = (schema: Schema): Schema =>
  changed(schema, (part) => {
    const [value, none, ...more] = (part['anyOf'] ?? []) as Schema[];
    if (none?.['type'] === 'null' && more.length === 0 && isPlain(value)) {
      delete part['anyOf'];
      Object.assign(part, { ...value, ...part, type: [value['type'], 'null'] });
    }
    if (part['minimum'] === Number.MIN_SAFE_INTEGER) delete part['minimum'];
    if (part['maximum'] === Number.MAX_SAFE_INTEGER) delete part['maximum'];
  });

const isPlain = (schema: Schema | undefined): schema is Schema =>
  typeof schema?.['type'] === 'string' && !('enum' in schema);

interface Body {
  required?: boolean;
  content: Record<string, { schema: { $ref?: string } }>;
}

/** A body may be left out when every field of it may: the server reads none as `{}`. Bytes are always sent. */
function requireBody(body: Body, schemas: Schemas): void {
  body.required = Object.values(body.content).some(({ schema: { $ref } }) => {
    if ($ref === undefined) return true;
    const { required, minProperties } = schemas[$ref.slice(PREFIX.length)] ?? {};
    return required !== undefined || minProperties !== undefined;
  });
}
