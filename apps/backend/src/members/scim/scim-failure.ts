import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import {
  SCIM_MEDIA_TYPE,
  SCIM_SCHEMAS,
  type ScimError,
  type ScimErrorType,
} from '@saas-codex/contracts/scim';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { sendProblem } from '@saas-codex/service-kit/problem.filter';
import type { Request, Response } from 'express';

/** A problem to which SCIM has a name of its own. */
export class ScimFailure extends ProblemError {
  constructor(
    code: 'invalid_request' | 'already_member',
    readonly scimType: ScimErrorType,
    detail: string,
  ) {
    super(code, detail);
  }
}

/** Directories understand no problem documents, so here every error is SCIM's message (RFC 7644, 3.12). */
@Catch()
export class ScimErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(http.getRequest<Request>(), http.getResponse<Response>(), error, {
      type: SCIM_MEDIA_TYPE,
      describe: scimError,
    });
  }
}

function scimError(problem: ProblemError): ScimError {
  const scimType =
    problem instanceof ScimFailure
      ? problem.scimType
      : problem.code === 'invalid_request'
        ? 'invalidValue'
        : undefined;
  return {
    schemas: [SCIM_SCHEMAS.error],
    status: String(problem.status),
    ...(scimType && { scimType }),
    detail: problem.detail,
    code: problem.code,
  };
}
