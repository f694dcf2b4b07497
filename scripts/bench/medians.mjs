/** @param {number[]} numbers @param {number} share 0.5: the median */
export const quantile = (numbers, share) =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))] ?? NaN;

/** @param {number[]} numbers */
export const median = (numbers) => quantile(numbers, 0.5);

/**
 * The median of every field.
 * @template {string} K
 * @param {Record<K, number>[]} results
 * @returns {Record<K, number>}
 */
export const medians = (results) =>
  /** @type {Record<K, number>} */ (
    Object.fromEntries(
      Object.keys(results[0] ?? {}).map((field) => [
        field,
        median(results.map((result) => result[/** @type {K} */ (field)])),
      ]),
    )
  );

/**
 * Measures the subjects alternately, `rounds` times, so that all see the same state of the machine.
 * @template T, R
 * @param {T[]} subjects
 * @param {number} rounds
 * @param {(subject: T, round: number) => Promise<R>} measure
 * @returns {Promise<Map<T, R[]>>}
 */
export async function interleaved(subjects, rounds, measure) {
  /** @type {Map<T, R[]>} */
  const results = new Map(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++)
    for (const [subject, measured] of results) measured.push(await measure(subject, round));
  return results;
}

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
