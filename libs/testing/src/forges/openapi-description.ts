import { Ajv, type ValidateFunction } from 'ajv';

type Schema = Record<string, unknown>;
interface Parameter {
  name: string;
  in: 'query' | 'path' | 'header' | 'cookie';
  required?: boolean;
  schema: Schema;
}
interface Operation {
  operationId: string;
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema?: Schema }> } | { $ref: string }>;
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** A request that a description has an operation for. */
export interface Described {
  method: string;
  /** As the description writes it: `/repos/{owner}/{repo}`. */
  path: string;
  params: Record<string, string>;
  query: Record<string, string>;
}

const ROOT = 'api';

/** Holds requests and answers to an OpenAPI 3.0 description that a forge has published. */
export class OpenApiDescription {
  private readonly ajv: Ajv;
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly patterns: { path: string; pattern: RegExp; names: string[] }[];

  private readonly document: Description;

  /** @param text JSON */
  constructor(text: string) {
    const document = JSON.parse(text, withNull) as Description;
    this.document = document;
    // Compiled when first needed: whole descriptions take minutes.
    this.ajv = new Ajv({ strict: false, validateFormats: false, coerceTypes: false }).addSchema(
      document,
      ROOT,
    );
    this.patterns = Object.keys(document.paths).map((path) => {
      const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name);
      const text = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '([^/]+)');
      return { path, pattern: new RegExp(`^${text}$`), names };
    });
  }

  /** @returns null: there is no such operation */
  find(method: string, { pathname, searchParams }: URL): Described | null {
    const fitting = this.patterns.filter(
      ({ path, pattern }) => pattern.test(pathname) && this.document.paths[path]?.[method.toLowerCase()],
    );
    // Fixed parts come before variable ones.
    const [best] = fitting.toSorted((a, b) => a.names.length - b.names.length);
    if (!best) return null;
    const values = best.pattern.exec(pathname)?.slice(1) ?? [];
    return {
      method,
      path: best.path,
      params: Object.fromEntries(best.names.map((name, i) => [name, decodeURIComponent(values[i] ?? '')])),
      query: Object.fromEntries(searchParams),
    };
  }

  /** @param body undefined: none was sent @returns what is wrong with it */
  wrongWithRequest(described: Described, body: unknown): string[] {
    const operation = this.operation(described);
    const pointer = this.pointer(described);
    const parameters = (operation.parameters ?? []).map((one) => this.resolved<Parameter>(one));
    const given = { query: described.query, path: described.params };
    const wrong: string[] = [];
    for (const place of ['query', 'path'] as const) {
      for (const [name, value] of Object.entries(given[place])) {
        const declared = parameters.find((one) => one.in === place && one.name === name);
        if (!declared) wrong.push(`${place} ${name} is not in the description`);
        else if (!this.ajv.validate(this.inDocument(declared.schema), read(value, declared.schema)))
          wrong.push(`${place} ${name}: ${this.ajv.errorsText()}`);
      }
      for (const { name, required, in: at } of parameters)
        if (at === place && required && given[place][name] === undefined)
          wrong.push(`${place} ${name} is missing`);
    }
    const { requestBody } = operation;
    if (body === undefined) return requestBody?.required ? [...wrong, 'the body is missing'] : wrong;
    if (!requestBody) return [...wrong, 'no body is expected'];
    const errors = this.errors(`${pointer}/requestBody/content/application~1json/schema`, body);
    return errors === null ? wrong : [...wrong, `body: ${errors}`];
  }

  /** @returns what is wrong with it, or null */
  wrongWithAnswer(described: Described, status: number, body: unknown): string | null {
    const given = this.operation(described).responses[String(status)];
    if (!given) return `${described.path} has no answer ${status}`;
    const content = this.resolved<{ content?: Record<string, { schema?: Schema }> }>(given).content;
    if (!content) return body === undefined ? null : `the answer ${status} has no body`;
    const schema = content['application/json']?.schema;
    if (!schema) return null;
    const at =
      '$ref' in given
        ? `${given.$ref}/content/application~1json/schema`
        : `${this.pointer(described)}/responses/${status}/content/application~1json/schema`;
    return this.errors(at, body);
  }

  /** The least that a schema of this name accepts. */
  sample(name: string): Record<string, unknown> {
    const schema = this.document.components.schemas[name];
    if (!schema) throw new Error(`There is no schema ${name}.`);
    return this.leastOf(schema) as Record<string, unknown>;
  }

  private operation({ method, path }: Described): Operation {
    const operation = this.document.paths[path]?.[method.toLowerCase()];
    if (!operation) throw new Error(`There is no operation ${method} ${path}.`);
    return operation;
  }

  private pointer({ method, path }: Described): string {
    return `#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method.toLowerCase()}`;
  }

  private errors(pointer: string, value: unknown): string | null {
    const $ref = ROOT + encodeURI(pointer);
    const validate = this.validators.get($ref) ?? this.ajv.compile({ $ref });
    this.validators.set($ref, validate);
    return validate(value) ? null : this.ajv.errorsText(validate.errors);
  }

  /** Its references are those of the document. */
  private inDocument(schema: Schema): Schema {
    return JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${ROOT}#/`)) as Schema;
  }

  private resolved<T>(given: T | { $ref: string }): T {
    const ref = (given as { $ref?: string }).$ref;
    if (ref === undefined) return given as T;
    const parts = ref.slice(2).split('/');
    return parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], this.document) as T;
  }

  private leastOf(given: Schema): unknown {
    const schema = this.resolved<Schema>(given);
    if (schema['nullable'] === true) return null;
    if (Array.isArray(schema['enum'])) return schema['enum'][0];
    for (const choice of ['anyOf', 'oneOf'] as const)
      if (Array.isArray(schema[choice])) return this.leastOf((schema[choice] as Schema[])[0] ?? {});
    if (Array.isArray(schema['allOf']))
      return Object.assign({}, ...(schema['allOf'] as Schema[]).map((part) => this.leastOf(part))) as unknown;
    if (schema['type'] === 'array') return [];
    if (schema['type'] === 'boolean') return false;
    if (schema['type'] === 'integer' || schema['type'] === 'number') return 1;
    if (schema['type'] === 'string') return schema['format'] === 'date-time' ? '2026-01-01T00:00:00Z' : 'x';
    const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
    const required = (schema['required'] ?? []) as string[];
    return Object.fromEntries(required.map((key) => [key, this.leastOf(properties[key] ?? {})]));
  }
}

/** `nullable` without a type, as descriptions have it beside a choice, is nothing that the validator knows. */
function withNull(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('nullable' in value)) return value;
  const { nullable, ...schema } = value as Schema;
  if ('type' in schema || typeof nullable !== 'boolean') return value;
  return nullable ? { anyOf: [schema, { type: 'null' }] } : schema;
}

/** A parameter comes as text. */
function read(value: string, { type }: Schema): unknown {
  if (type === 'integer' || type === 'number') return value === '' ? value : Number(value);
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  return value;
}
