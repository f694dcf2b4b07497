import { isUnseen, withSeen } from '../../../src/entities/session/seen.js';

const at = (session_id: string, updated_at: string) => ({ session_id, updated_at });

it('finds news in sessions that were opened before, and in no others', () => {
  const map = withSeen({}, at('a', '2026-01-01T10:00:00Z'));
  expect(isUnseen(map, at('a', '2026-01-01T10:00:00Z'))).toBe(false);
  expect(isUnseen(map, at('a', '2026-01-01T10:00:01Z'))).toBe(true);
  expect(isUnseen(map, at('b', '2026-01-01T10:00:01Z'))).toBe(false);
});

it('forgets the sessions that were seen longest ago', () => {
  let map = {};
  for (let index = 0; index <= 200; index++) map = withSeen(map, at(`s${index}`, '2026-01-01T10:00:00Z'));
  map = withSeen(map, at('s1', '2026-01-01T10:00:00Z'));
  map = withSeen(map, at('new', '2026-01-01T10:00:00Z'));
  expect(Object.keys(map)).toHaveLength(200);
  expect(map).not.toHaveProperty('s2');
  expect(map).toHaveProperty('s1');
});
