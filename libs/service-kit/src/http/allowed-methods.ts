import { NotFoundException } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../problem.js';

interface Layer {
  route?: { methods: Record<string, boolean> };
  match(path: string): boolean;
}

/**
 * Nest answers 404 when no route has both the address and the method of a request.
 * @returns 405 with `Allow` when the address has other methods, else the error itself
 */
export function explainMissingRoute(req: Request, error: unknown): unknown {
  if (!(error instanceof NotFoundException)) return error;
  const methods = methodsAt(req);
  if (methods.size === 0) return error;
  const allow = [...methods].toSorted().join(', ');
  return new ProblemError('method_not_allowed', `This address takes ${allow} only.`, { headers: { allow } });
}

function methodsAt(req: Request): Set<string> {
  const { stack } = req.app.router as unknown as { stack: Layer[] };
  const routes = stack.flatMap((layer) => (layer.route && layer.match(req.path) ? [layer.route] : []));
  const methods = new Set(
    routes.flatMap((route) => Object.keys(route.methods).map((name) => name.toUpperCase())),
  );
  if (methods.has('GET')) methods.add('HEAD');
  return methods;
}
