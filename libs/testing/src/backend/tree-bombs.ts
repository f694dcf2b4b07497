import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';

/** An entry of a tree. Names are bytes in latin1. */
export interface TreeEntry {
  mode: '100644' | '100755' | '120000' | '160000' | '40000';
  name: string;
  oid: string;
}

/** Writes objects directly into a bare repository: trees that no git would make, or that expand without bounds. */
export class ObjectWriter {
  constructor(private readonly gitDir: string) {}

  blob = (content: string | Buffer): Promise<string> => this.write('blob', Buffer.from(content));

  tree(entries: readonly TreeEntry[]): Promise<string> {
    const parts = entries.flatMap(({ mode, name, oid }) => [
      Buffer.from(`${mode} ${name}\0`, 'latin1'),
      Buffer.from(oid, 'hex'),
    ]);
    return this.write('tree', Buffer.concat(parts));
  }

  /** Nested folders, `levels` deep. Each one holds the folder below it once under every name. */
  async nested(levels: number, names: readonly string[]): Promise<string> {
    const file = await this.blob('x');
    let oid = await this.tree(names.map((name) => ({ mode: '100644', name, oid: file })));
    for (let level = 1; level < levels; level++) {
      const below = oid;
      oid = await this.tree(names.map((name) => ({ mode: '40000', name, oid: below })));
    }
    return oid;
  }

  /** Makes a commit of the tree and points `main` to it. */
  async publish(tree: string): Promise<void> {
    const who = 'Ada <ada@example.org> 1700000000 +0000';
    const text = `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nA tree\n`;
    const commit = await this.write('commit', Buffer.from(text));
    await writeFile(join(this.gitDir, 'refs/heads/main'), `${commit}\n`);
  }

  private async write(kind: string, content: Buffer): Promise<string> {
    const bytes = Buffer.concat([Buffer.from(`${kind} ${content.length}\0`), content]);
    const oid = createHash('sha1').update(bytes).digest('hex');
    const path = join(this.gitDir, 'objects', oid.slice(0, 2), oid.slice(2));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, deflateSync(bytes));
    return oid;
  }
}
