import { type FeedView, WHOLE_FEED } from '../sse/feed-client.js';

const DATA = Buffer.from('\ndata: ');
const FRAME_END = Buffer.from('\n\n');

/**
 * A view for a client that may not have every activity of its tenant.
 * @param pick gets the JSON of an activity, and returns the JSON that the client gets; null: nothing
 */
export const activitiesView = (pick: (json: string) => string | null): FeedView => ({
  ...WHOLE_FEED,
  encode: (frames) =>
    Buffer.concat(
      frames.flatMap(({ bytes }) => {
        const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const start = frame.indexOf(DATA) + DATA.length;
        const picked = pick(frame.subarray(start, -FRAME_END.length).toString());
        return picked === null ? [] : [frame.subarray(0, start), Buffer.from(picked), FRAME_END];
      }),
    ),
});
