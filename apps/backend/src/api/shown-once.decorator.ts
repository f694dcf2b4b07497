import { SetMetadata } from '@nestjs/common';

export const SHOWN_ONCE = 'shown-once';

/** The fields of this POST's answer that nothing may keep: an answer that is repeated for its `Idempotency-Key` has null there. */
export const ShownOnce = (...fields: string[]) => SetMetadata(SHOWN_ONCE, fields);
