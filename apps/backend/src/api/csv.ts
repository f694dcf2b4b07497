/** A line of CSV (RFC 4180). A text that a spreadsheet would run as a formula gets an apostrophe before it. */
export const csvLine = (values: readonly (string | number | null)[]): string =>
  `${values.map((value) => field(String(value ?? ''))).join(',')}\r\n`;

function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
