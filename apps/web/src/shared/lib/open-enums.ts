/*
 * A newer server may send a value of an enum that this build does not know (contracts/open-reading). Code looks values up
 * here instead of indexing a table, and shows what it does not know by its own name.
 */

/** The table's entry for `value`; undefined if this build does not know the value. */
export const lookUp = <T>(table: Readonly<Record<string, T>>, value: string): T | undefined =>
  Object.hasOwn(table, value) ? table[value] : undefined;

/** `waiting_for_approval` and `approval.requested` as text: `Waiting for approval`, `Approval requested`. */
export function inWords(value: string): string {
  const words = value.replaceAll(/[_.]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
