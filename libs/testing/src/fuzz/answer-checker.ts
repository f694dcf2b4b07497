import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type ProblemCode, PROBLEMS } from '@saas-codex/contracts/problems';
import { SCIM_MEDIA_TYPE, SCIM_PATH } from '@saas-codex/contracts/scim';
import type { ApiDocument, DocumentedOperation, FuzzedRequest } from './fuzzed-requests.js';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Empty for an event stream, of which only the head is read. */
  text: string;
}

/** Refusals of any address: of one that is not in the document, of the parser of HTTP, of the guards before all routes. */
const OF_ANY_ADDRESS = [
  'not_found',
  'method_not_allowed',
  'headers_too_large',
  'expectation_failed',
  'forbidden',
  'person_required',
];
/** The schemas of refusals, by their type. */
const REFUSALS: Record<string, string> = {
  'application/problem+json': 'Problem',
  [SCIM_MEDIA_TYPE]: 'ScimError',
};
/** Refusals of a body, where none is expected. */
const OF_ANY_BODY = ['invalid_request', 'unsupported_media_type', 'payload_too_large'];
/** They ask the runner, and that of the world answers nothing. */
const OF_THE_RUNNER = ['readSystem'];

/** Holds answers to the OpenAPI document. */
export class AnswerChecker {
  private readonly ajv: Ajv2020;
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: ApiDocument) {
    this.ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'doc');
  }

  /** @returns what is wrong with it, in a sentence, or undefined */
  wrongWith(request: FuzzedRequest, answer: Answer): string | undefined {
    const { operation, method } = request;
    const { status, text } = answer;
    const type = typeOf(answer);
    if (status >= 500 && !(status === 503 && OF_THE_RUNNER.includes(operation.id)))
      return `the status is ${status}`;
    // Without a body there is nothing to read.
    if (method === 'HEAD' || method === 'OPTIONS') return undefined;
    if (status >= 400) return this.wrongWithProblem(request, answer, type);
    if (method !== operation.method) return undefined;
    if (status === 304)
      return 'if-none-match' in request.headers && text === '' ? undefined : 'nobody asked for a 304';
    const documented = this.documented(operation.path, method)?.responses[String(status)];
    if (!documented) return `the status ${status} is not documented`;
    // HTTP suggests a note with the address.
    if (status >= 300) return undefined;
    if (!documented.content) return text === '' ? undefined : `there is a body with the status ${status}`;
    const schema = documented.content[type];
    if (!schema) return `the type ${type} is not documented`;
    if (!/^application\/(scim\+)?json$/.test(type) || !schema.schema) return undefined;
    return this.invalid(
      ['paths', operation.path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'],
      text,
    );
  }

  private wrongWithProblem(
    { operation: { path }, method, body }: FuzzedRequest,
    { status, text }: Answer,
    type: string,
  ): string | undefined {
    const schema = REFUSALS[type];
    const isOfScim = path.startsWith(SCIM_PATH);
    if (!schema || (schema === 'ScimError' && !isOfScim)) return `a refusal of the type ${type}`;
    const invalid = this.invalid(['components', 'schemas', schema], text);
    if (invalid) return invalid;
    const { code } = JSON.parse(text) as { code: ProblemCode };
    if (PROBLEMS[code].status !== status) return `${code} comes with the status ${status}`;
    if (OF_ANY_ADDRESS.includes(code)) return undefined;
    const documented = this.documented(path, method);
    if (!documented) return undefined;
    if (!documented.requestBody && body !== undefined && OF_ANY_BODY.includes(code)) return undefined;
    return documented.responses[String(status)]?.description.includes(`\`${code}\``)
      ? undefined
      : `${code} is not documented`;
  }

  private documented(path: string, method: string): DocumentedOperation | undefined {
    return this.document.paths[path]?.[method.toLowerCase()];
  }

  private invalid(at: string[], text: string): string | undefined {
    const pointer = at.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
    let validate = this.validators.get(pointer);
    if (!validate) {
      validate = this.ajv.getSchema(`doc#/${pointer}`);
      if (!validate) throw new Error(`There is no schema at ${pointer}.`);
      this.validators.set(pointer, validate);
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return 'the body is no JSON';
    }
    return validate(value)
      ? undefined
      : `the body does not fit its schema: ${this.ajv.errorsText(validate.errors)}`;
  }
}

export const typeOf = ({ headers }: Answer): string =>
  String(headers['content-type'] ?? '').split(';')[0] ?? '';
