import type { IncomingMessage, ServerResponse } from 'node:http';
import { EgressRefusal, unreadable } from './egress-error.js';
import { forward } from './forward.js';
import { hasBody } from './http-headers.js';
import { isReadMethod } from './network-rules.js';
import type { RunEgress } from './run-egress.js';
import { parseHttpUrl, type Target } from './target.js';

/** `GET http://host/path`. @throws EgressError */
export async function passPlainRequest(
  run: RunEgress,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const target = parseHttpUrl(req.url ?? '');
  if (target === null) throw unreadable();
  const methods = run.permit(target);
  if (methods === 'read') requireReading(req, target);
  const connection = await run.dial(target, await run.locate(target));
  await forward({ req, res, target, path: target.path, defaultPort: 80, methods }, connection);
}

/** @throws EgressRefusal for whatever could change something, or carry much away */
export function requireReading(req: IncomingMessage, target: Target): void {
  if (!isReadMethod(req.method) || hasBody(req) || req.headers.upgrade !== undefined)
    throw new EgressRefusal(target, 'method_not_allowed');
}
