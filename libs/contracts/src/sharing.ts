import { z } from 'zod';
import { pageOf } from './pagination.js';

/*
 * A link that shows one session, read-only and live, to whoever has it:
 *
 *     https://…/shared/{share_link_id}#token=…     the token is in the fragment, which browsers send to no server
 *       └─ POST /api/share-links/open { token } ─► a cookie for /api/shared/{share_link_id}/…, for an hour
 *            └─ GET /api/shared/{share_link_id}/sessions/… ─► what GET /api/sessions/… answers, of this session only
 */

/** Where the routes that a link opens are: `/api/sessions/…` is `/api/shared/{share_link_id}/sessions/…`. */
export const SHARED_PATH = '/api/shared';

/** Links of a session that work at the same time. */
export const MAX_SHARE_LINKS = 50;

export const ShareLink = z
  .object({
    share_link_id: z.uuid(),
    created_by: z
      .string()
      .describe('`user_id` of the person who shares. The link works while they may share'),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable().describe('null: it works until it is revoked'),
    last_opened_at: z.iso.datetime().nullable().describe('null: nobody has opened it'),
  })
  .meta({ id: 'ShareLink' });
export type ShareLink = z.infer<typeof ShareLink>;

/** Links that work, newest first. */
export const ShareLinkPage = pageOf(ShareLink, 'ShareLinkPage');
export type ShareLinkPage = z.infer<typeof ShareLinkPage>;

/** Body of `POST /api/sessions/{session_id}/share-links`. */
export const CreateShareLink = z
  .strictObject({
    expires_at: z.iso
      .datetime({ offset: true })
      .refine((at) => Date.parse(at) > Date.now(), 'must be in the future')
      .optional()
      .describe('When it stops working. Default: when it is revoked'),
  })
  .meta({ id: 'CreateShareLink' });
export type CreateShareLink = z.infer<typeof CreateShareLink>;

/** Answer of `POST /api/sessions/{session_id}/share-links`. */
export const CreatedShareLink = ShareLink.extend({
  link: z
    .string()
    .nullable()
    .describe('Whoever has it sees the session. It is not shown again. null: it was shown already'),
}).meta({ id: 'CreatedShareLink' });
export type CreatedShareLink = z.infer<typeof CreatedShareLink>;

/** Body of `POST /api/share-links/open`. */
export const OpenShareLink = z
  .strictObject({ token: z.string().min(1).max(200).describe("From the link's fragment") })
  .meta({ id: 'OpenShareLink' });
export type OpenShareLink = z.infer<typeof OpenShareLink>;

/** Answer of `POST /api/share-links/open`: what the link shows. */
export const OpenedShareLink = z
  .object({
    share_link_id: z.uuid(),
    session_id: z.uuid(),
    organisation: z.string().describe('Name of the organisation that shares the session'),
    expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'OpenedShareLink' });
export type OpenedShareLink = z.infer<typeof OpenedShareLink>;
