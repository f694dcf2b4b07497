import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { sameSecretAs } from '@saas-codex/service-kit/secret';
import type { Request } from 'express';
import { CONFIG, type Config } from '../config.js';
import { Public } from './permissions.js';

/** Lets in requests with `Authorization: Bearer SERVICE_TOKEN`: those of our own runners. */
@Injectable()
class ServiceGuard implements CanActivate {
  private readonly isGranted: (given: string) => boolean;

  constructor(@Inject(CONFIG) { SERVICE_TOKEN }: Pick<Config, 'SERVICE_TOKEN'>) {
    this.isGranted = sameSecretAs(`Bearer ${SERVICE_TOKEN}`);
  }

  canActivate(host: ExecutionContext): boolean {
    if (this.isGranted(host.switchToHttp().getRequest<Request>().headers.authorization ?? '')) return true;
    throw new ProblemError(
      'unauthenticated',
      'This API is internal: send the service credential as a bearer token.',
    );
  }
}

/** On a controller's method: only another service of this installation may call it. It has no caller and no role. */
export const ServiceRoute = () => applyDecorators(Public(), UseGuards(ServiceGuard));
