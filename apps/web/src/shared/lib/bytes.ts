const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A number of bytes for people, such as "3.4 MB". */
export function inBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  const digits = power > 0 && value < 10 ? 1 : 0;
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })} ${UNITS[power] ?? ''}`;
}
