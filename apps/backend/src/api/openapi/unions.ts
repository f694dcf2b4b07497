import { UnknownActivity } from '@saas-codex/contracts/activity';
import { UnknownEvent } from '@saas-codex/contracts/events';
import { Unrecognized } from '@saas-codex/contracts/open-reading';
import { z } from 'zod';
import { PREFIX, type Schema, type Schemas } from './json-schema.js';

/*
 * Unions whose members differ by the value of one field. The members get names, and the union a discriminator, so that
 * generated clients have a type for each of them. In answers, such a union has room for what a newer server may send:
 *
 *     NetworkInput    = OffNetworkInput | AllowListNetworkInput | …   by `mode`
 *     RunEvent        = KnownRunEvent | UnknownEvent
 *     KnownRunEvent   = RunStartedEvent | RunSucceededEvent | …       by `type`
 */

/** What a reader can rely on in an answer of a type that it does not know, by the union's name. */
const UNKNOWN_MEMBERS: Record<string, z.ZodType> = {
  RunEvent: UnknownEvent,
  Activity: UnknownActivity,
  Network: z.looseObject({ mode: Unrecognized }),
};

/** Only requests have them, and the server takes no members that it does not know. */
const ONLY_IN_REQUESTS = new Set(['RevertChanges']);

/** Contracts that stand beside an unknown member already are named `Known…`. */
const isClosed = (name: string): boolean => name.startsWith('Known') || ONLY_IN_REQUESTS.has(name);

/** Names the members of all unions that have a field to differ by. */
export function nameMembers(schemas: Schemas, io: 'input' | 'output'): Schemas {
  const named = { ...schemas };
  for (const [name, schema] of Object.entries(schemas)) {
    const union = unionOf(name, schema, schemas);
    if (!union) continue;
    const { field, members, rest } = union;
    for (const { name: member, schema: described } of members.values()) named[member] = described;
    const refs = new Map([...members].map(([value, member]) => [value, refTo(member.name)]));
    const known = {
      oneOf: [...refs.values()],
      discriminator: {
        propertyName: field,
        mapping: Object.fromEntries([...refs].map(([value, { $ref }]) => [value, $ref])),
      },
    };
    if (io === 'input' || isClosed(name)) named[name] = { ...rest, ...known };
    else {
      const [knownName, unknownName] = [`Known${name}`, memberName('unknown', name)];
      named[knownName] = known;
      named[unknownName] = unknownMember(name, field, [...members.keys()]);
      named[name] = { ...rest, anyOf: [refTo(knownName), refTo(unknownName)] };
    }
  }
  return named;
}

const refTo = (name: string) => ({ $ref: PREFIX + name });

interface Union {
  field: string;
  /** By their values of the field. */
  members: Map<string, { name: string; schema: Schema }>;
  /** The union's other keywords. */
  rest: Schema;
}

function unionOf(union: string, { oneOf, ...rest }: Schema, schemas: Schemas): Union | null {
  if (!Array.isArray(oneOf)) return null;
  const variants = (oneOf as Variant[]).map(({ $ref, ...inline }) => {
    const name = $ref?.slice(PREFIX.length);
    return { name, schema: name === undefined ? inline : (schemas[name] as Variant) };
  });
  const valuesOf = (key: string) => variants.map(({ schema }) => schema.properties?.[key]?.const);
  const field = Object.keys(variants[0]?.schema.properties ?? {}).find((key) => {
    const values = valuesOf(key);
    return values.every((value) => typeof value === 'string') && new Set(values).size === variants.length;
  });
  if (field === undefined) throw new Error(`the members of ${union} have no field that tells them apart`);
  const members = variants.map(({ name, schema }, index): [string, { name: string; schema: Schema }] => {
    const value = String(valuesOf(field)[index]);
    return [value, { name: name ?? memberName(value, union), schema }];
  });
  return { field, members: new Map(members), rest };
}

interface Variant extends Schema {
  $ref?: string;
  properties?: Record<string, { const?: unknown }>;
}

/** The member of a union that has any other value of the field than the known ones. */
export function unknownMember(union: string, field: string, known: readonly string[]): Schema {
  const reader = UNKNOWN_MEMBERS[union];
  if (!reader) throw new Error(`UNKNOWN_MEMBERS does not say how an unknown ${union} is read`);
  const { $schema: _schema, ...schema } = z.toJSONSchema(reader, { io: 'input' });
  return {
    ...schema,
    description: `Any other \`${field}\`: a newer server may send it`,
    properties: { ...schema.properties, [field]: { type: 'string', not: { enum: known } } },
  };
}

/** `run.started` of `RunEvent` → `RunStartedEvent` */
function memberName(value: string, union: string): string {
  const words = value.split(/[._]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return words.join('') + (/[A-Z][a-z]+$/.exec(union)?.[0] ?? union);
}
