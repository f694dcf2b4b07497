/** Mode, kind, object id and padded size stand before the name. */
const HEAD = /^\d+ blob [0-9a-f]+ +(\d+)\t/;
const HEAD_CHARACTERS = 100;

/**
 * Adds up what a checkout would write, from the output of `ls-tree -r -l -z` as it comes: a small pack can name more
 * files than there is memory to list.
 */
export class CheckoutCost {
  files = 0;
  bytes = 0;
  private head = '';

  add(chunk: Buffer): void {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(0, start);
      const piece = chunk.subarray(start, end < 0 ? chunk.length : end);
      this.head += piece.toString('latin1', 0, HEAD_CHARACTERS - this.head.length);
      if (end < 0) return;
      this.files++;
      this.bytes += Number(HEAD.exec(this.head)?.[1] ?? 0);
      this.head = '';
      start = end + 1;
    }
  }
}
