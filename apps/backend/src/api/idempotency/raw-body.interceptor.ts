import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { FairPlaces } from '@saas-codex/service-kit/fair-places';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { CONFIG, type Config } from '../../config.js';
import { findRequestContext } from '../../identity/request-context.js';

const TAKES_BYTES = 'takes-bytes';

/** On a controller's method: its request's body is not JSON but an image, and `req.body` is a Buffer. */
export const TakesBytes = () => SetMetadata(TAKES_BYTES, true);

const MEGABYTE = 1024 * 1024;
/** Of what is allowed: who sends even more loses the connection. */
const DRAINED = 4;
/** Requests whose bytes are in memory at the same time. */
const PLACES = { total: 16, perTenant: 4 };

/**
 * Reads the bytes of an upload into memory. Only now, when the caller is known and allowed; and before the idempotency key is
 * claimed, since the bytes are a part of what the key stands for.
 */
@Injectable()
export class RawBodyInterceptor implements NestInterceptor {
  private readonly places = new FairPlaces(PLACES);

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'MAX_IMAGE_MB'>,
    private readonly reflector: Reflector,
  ) {}

  intercept(host: ExecutionContext, next: CallHandler): Observable<unknown> {
    const takesBytes = this.reflector.get<true | undefined>(TAKES_BYTES, host.getHandler());
    if (takesBytes === undefined) return next.handle();
    const req = host.switchToHttp().getRequest<Request>();
    const tenantId = findRequestContext(req)?.tenantId ?? '';
    return from(
      this.places.run(tenantId, async () => {
        req.body = await readBytes(req, this.config.MAX_IMAGE_MB);
        return lastValueFrom(next.handle(), { defaultValue: undefined });
      }),
    );
  }
}

/** @throws ProblemError payload_too_large */
async function readBytes(req: Request, maxMb: number): Promise<Buffer> {
  const limit = maxMb * MEGABYTE;
  const chunks: Buffer[] = [];
  let size = 0;
  // Some of the rest is read and dropped: a client that is still sending would not see the answer otherwise.
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
    if (size > DRAINED * limit) break;
  }
  if (size <= limit) return Buffer.concat(chunks);
  throw new ProblemError(
    'payload_too_large',
    `An image may have at most ${maxMb} MB. Make it smaller, or save it as JPEG.`,
  );
}
