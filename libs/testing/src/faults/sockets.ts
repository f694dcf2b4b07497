import { readFile } from 'node:fs/promises';

/** Linux's TCP_ESTABLISHED. A side that has closed is in another state, even before the other side has read everything. */
const ESTABLISHED = '01';

/** Whether the kernel still has the side at `port` of a local connection as established. */
export async function isEstablished(port: number, otherPort: number): Promise<boolean> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')));
  return tables
    .join('\n')
    .split('\n')
    .some((line) => {
      const [, local = '', remote = '', state] = line.trim().split(/\s+/);
      return portOf(local) === port && portOf(remote) === otherPort && state === ESTABLISHED;
    });
}

/** `0100007F:A453` */
const portOf = (address: string) => Number.parseInt(address.split(':')[1] ?? '', 16);
