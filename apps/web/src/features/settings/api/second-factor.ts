import {
  type ConfirmSecondFactor,
  RecoveryCodes,
  type RemoveSecondFactor,
  SecondFactorSetup,
  type StartSecondFactor,
} from '@saas-codex/contracts/second-factor';
import { request } from '../../../shared/api/request.js';

const put = { method: 'PUT' } as const;

export const startSecondFactor = (body: StartSecondFactor) =>
  request('/api/me/second-factor', { ...put, schema: SecondFactorSetup, body });
export const confirmSecondFactor = (body: ConfirmSecondFactor) =>
  request('/api/me/second-factor/confirmation', { ...put, schema: RecoveryCodes, body });
export const removeSecondFactor = (body: RemoveSecondFactor): Promise<void> =>
  request('/api/me/second-factor/removal', { ...put, body });
