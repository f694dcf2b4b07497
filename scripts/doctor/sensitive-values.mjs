import { SENSITIVE } from '@saas-codex/contracts/setting-readers';

/** Shorter ones are no secrets, and hiding them everywhere would make sentences unreadable. */
const MIN_LENGTH = 8;

/**
 * @param {Record<string, unknown>} settings
 * @returns {string[]} values that must not be printed: of the sensitive settings, and passwords inside of addresses
 */
export function sensitiveValues(settings) {
  const values = SENSITIVE.flatMap((name) => settings[name]).filter((value) => typeof value === 'string');
  const passwords = Object.values(settings).flatMap((value) => {
    if (typeof value !== 'string' || !URL.canParse(value)) return [];
    return [new URL(value).password];
  });
  return [...values, ...passwords].filter((value) => value.length >= MIN_LENGTH);
}
