import type { Redis } from 'ioredis';

/*
 * Removes the consumers of a group that are gone for good: a container that is replaced comes back under another name, and
 * each name would stay for ever. Only those that hold no entry go; whoever comes back is made again by its first read.
 *
 * Input:  KEYS[1] stream
 *         ARGV[1] group    ARGV[2] ms without a sign of life
 * Output: how many were removed
 */
const FORGET_CONSUMERS_1 = `
local removed = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local is = {}
  for i = 1, #consumer, 2 do is[consumer[i]] = consumer[i + 1] end
  if is.pending == 0 and is.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], is.name)
    removed = removed + 1
  end
end
return removed`;

/** @throws Error when the stream or the group is not there */
export async function forgetConsumers(
  redis: Redis,
  stream: string,
  group: string,
  idleMs: number,
): Promise<number> {
  return Number(await redis.eval(FORGET_CONSUMERS_1, 1, stream, group, idleMs));
}
