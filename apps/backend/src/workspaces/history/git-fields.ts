/** The fields of what git writes with `-z`, each of which ends in a NUL, or in another byte. */
export function* fieldsOf(bytes: Buffer, end = 0): Generator<Buffer> {
  let start = 0;
  for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, start)) {
    yield bytes.subarray(start, at);
    start = at + 1;
  }
}
