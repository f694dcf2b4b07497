import { SetMetadata } from '@nestjs/common';

export const RECEIVED_ONCE = 'received-once';

/**
 * The fields of this POST's body that nothing may keep, not even as a part of a hash: it would tell a guess from the value. A
 * repeated request is recognised by its `Idempotency-Key` and the rest of its body.
 */
export const ReceivedOnce = (...fields: string[]) => SetMetadata(RECEIVED_ONCE, fields);
