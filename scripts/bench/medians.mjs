/** @param {number[]} numbers */
export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

/**
 * A line of a table.
 * @param {number} without milliseconds
 * @param {number} within milliseconds
 */
export const comparison = (without, within) => ({
  'no jail': ms(without),
  jail: ms(within),
  'the jail costs': ms(within - without),
  ratio: (within / without).toFixed(2),
});

/** @param {number} number */
const ms = (number) => `${number.toFixed(1)} ms`;
