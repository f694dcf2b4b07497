/** A JSON Schema. */
export type Schema = Record<string, unknown>;
/** Schemas by name. */
export type Schemas = Record<string, Schema>;

/** What a reference to a named schema begins with. */
export const PREFIX = '#/components/schemas/';
