import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';

/** `Location` on every 201 and 202: where to read what the request has created or started. */
@Injectable()
export class LocationInterceptor implements NestInterceptor {
  intercept(host: ExecutionContext, next: CallHandler): Observable<unknown> {
    const res = host.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      map((body: unknown) => {
        const location = locationOf(body);
        if (location !== null && (res.statusCode === 201 || res.statusCode === 202))
          res.setHeader(HEADERS.location, location);
        return body;
      }),
    );
  }
}

function locationOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  if ('meta' in body) return scimLocation(body.meta);
  if ('image_id' in body && 'session_id' in body)
    return `/api/sessions/${String(body.session_id)}/images/${String(body.image_id)}`;
  if ('comment_id' in body && 'session_id' in body)
    return `/api/sessions/${String(body.session_id)}/comments/${String(body.comment_id)}`;
  if ('push_id' in body && 'session_id' in body)
    return `/api/sessions/${String(body.session_id)}/pushes/${String(body.push_id)}`;
  if ('commit_id' in body && 'session_id' in body)
    return `/api/sessions/${String(body.session_id)}/commits/${String(body.commit_id)}`;
  if ('steer_id' in body && 'run_id' in body)
    return `/api/runs/${String(body.run_id)}/steers/${String(body.steer_id)}`;
  if ('run_id' in body) return `/api/runs/${String(body.run_id)}`;
  return 'session_id' in body ? `/api/sessions/${String(body.session_id)}` : null;
}

/** SCIM's answers say themselves where they are. */
const scimLocation = (meta: unknown): string | null =>
  typeof meta === 'object' && meta !== null && 'location' in meta ? String(meta.location) : null;
