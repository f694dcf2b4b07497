import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';

/** An error in OpenAI's format, which Codex reads from a response that is not 2xx. */
export interface ModelError {
  status: number;
  /** A sentence for a person. Codex prints it. */
  message: string;
  type: string;
  code: string | null;
  headers?: OutgoingHttpHeaders;
}

/** A call that ends with an error response. `reported`: whether the run's listener gets the message too. */
export class ModelCallError extends Error {
  constructor(
    readonly answer: ModelError,
    readonly reported: boolean,
  ) {
    super(answer.message);
  }
}

/** Types and codes are forwarded, so only plain words are accepted. */
const word = z.string().regex(/^[\w.-]{1,64}$/);

/** An error that a server sends: in OpenAI's format, or in one of the looser formats of compatible servers. */
const ErrorFields = z.object({
  message: z.string().catch(''),
  type: word.catch(''),
  code: z
    .union([word, z.number().transform(String)])
    .nullable()
    .catch(null),
});
export type ErrorFields = z.infer<typeof ErrorFields>;

const ErrorBody = z.union([
  z.object({ error: ErrorFields }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(({ error }) => ({ message: error, type: '', code: null })),
  z.object({ detail: z.string() }).transform(({ detail }) => ({ message: detail, type: '', code: null })),
  ErrorFields,
]);

/** Never throws. A body that is not JSON has no message. */
export function readErrorBody(body: string): ErrorFields {
  try {
    return ErrorBody.parse(JSON.parse(body));
  } catch {
    return { message: '', type: '', code: null };
  }
}

/** Sends an error and closes the connection, because the request's body may not have been read. */
export function sendModelError(
  res: ServerResponse,
  { status, message, type, code, headers }: ModelError,
): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  res.writeHead(status, { ...headers, 'content-type': 'application/json', connection: 'close' });
  res.end(JSON.stringify({ error: { message, type, code, param: null } }));
}
