import { PROBLEMS } from '@saas-codex/contracts/problems';
import { fieldError } from '../../../src/features/home/failed-field.js';
import { ApiError } from '../../../src/shared/api/api-error.js';

describe('fieldError', () => {
  const problem = (code: keyof typeof PROBLEMS, path?: string) =>
    ApiError.fromProblem({
      type: 'about:blank',
      ...PROBLEMS[code],
      code,
      detail: 'd',
      ...(path && { errors: [{ path, message: 'm' }] }),
    });

  it('finds the field that a problem is about', () => {
    expect(fieldError(problem('repo_host_forbidden')).field).toBe('repo');
    expect(fieldError(problem('ref_invalid')).field).toBe('ref');
    expect(fieldError(problem('invalid_request', '/model')).field).toBe('model');
    expect(fieldError(problem('invalid_request', '/network/hosts/0/host')).field).toBe('network');
    expect(fieldError(problem('rate_limited')).field).toBeNull();
    expect(fieldError(new TypeError('x')).field).toBeNull();
  });
});
