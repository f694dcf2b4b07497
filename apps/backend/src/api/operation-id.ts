import type { ExecutionContext } from '@nestjs/common';

/** Where @nestjs/swagger keeps what `@ApiOperation` says of a method. It exports no name for it. */
const API_OPERATION = 'swagger/apiOperation';

/** The operationId that a controller's method has in the OpenAPI document. */
export function operationIdOf(handler: ReturnType<ExecutionContext['getHandler']>): string | undefined {
  const operation = Reflect.getMetadata(API_OPERATION, handler) as { operationId?: string } | undefined;
  return operation?.operationId;
}
