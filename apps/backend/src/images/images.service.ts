import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { InputImage, SessionImage } from '@saas-codex/contracts/images';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In, IsNull, LessThan } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import { CONFIG, type Config } from '../config.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { SessionStore } from '../sessions/session-store.js';
import { UsageService } from '../usage/usage.service.js';
import { Storage } from '../workspaces/storage/storage.js';
import { ImageError, type PlainImage } from './formats/plain-image.js';
import { readImage } from './formats/read-image.js';
import { SessionImageEntity, toInputImage, toSessionImage } from './session-image.entity.js';

/** Of one session. Who attaches images sends them soon, or leaves them to the clean-up. */
const MAX_UNUSED = 100;
const UNUSED_FOR_MS = 24 * 60 * 60_000;

/** An image that is open. Its reader closes the file. */
export interface OpenImage {
  image: SessionImageEntity;
  file: FileHandle;
}

/**
 * Images of prompts:
 *
 *     POST …/images ─► read-image.ts ─► .images/<session>/<image>.png ─► row ─► 201 ─► POST …/prompt {images} ─► the run's input
 *                                                                        └── not used by any prompt: removed after a day
 *
 * A file is there before its row is, and as long as it. The session's row is locked whenever its images change.
 */
@Injectable()
export class ImagesService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly usage: UsageService,
    private readonly storage: Storage,
  ) {}

  /** @throws ProblemError session_not_found, session_archived, image_invalid, too_many_images, disk_quota_exceeded */
  async upload(ctx: RequestContext, sessionId: string, bytes: Buffer): Promise<SessionImage> {
    const { status } = await this.sessions.get(ctx, sessionId);
    if (status === 'archived') throw new ProblemError('session_archived', 'Unarchive it to attach images.');
    if (this.config.MAX_IMAGES_PER_PROMPT === 0)
      throw new ProblemError(
        'too_many_images',
        'The operator has turned off images (MAX_IMAGES_PER_PROMPT).',
      );
    await this.usage.refuseWhenFull(ctx);
    const image = plainImage(bytes);
    const id = ctx.idempotentId ?? uuidV7();
    return this.sessions.change(ctx, sessionId, async (tx) => {
      const images = tx.of(SessionImageEntity);
      const madeBefore = await images.findOne({ where: { id, sessionId } });
      if (madeBefore) return toSessionImage(madeBefore);
      if ((await images.count({ sessionId, usedAt: IsNull() })) >= MAX_UNUSED)
        throw new ProblemError(
          'too_many_images',
          'Send a prompt with those that are attached, or wait a day.',
        );
      await this.storage.writeImage(sessionId, id, image.type, image.bytes);
      const { type: mediaType, width, height } = image;
      const row = { id, sessionId, mediaType, bytes: image.bytes.length, width, height };
      const by = { createdBy: actorId(ctx.actor), createdAt: new Date() };
      return toSessionImage(await images.insert({ ...row, ...by }));
    });
  }

  /** @throws ProblemError session_not_found, image_not_found */
  async open(ctx: RequestContext, sessionId: string, id: string): Promise<OpenImage> {
    await this.sessions.get(ctx, sessionId);
    const image = await this.db.run(ctx, (tx) =>
      tx.of(SessionImageEntity).findOne({ where: { id, sessionId } }),
    );
    if (!image) throw notFound();
    const path = this.storage.imagePath(sessionId, id, image.mediaType);
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => null);
    if (!file) throw notFound();
    return { image, file };
  }

  /**
   * For the transaction that queues a prompt and has locked the session's row.
   * @returns the images in this order
   * @throws ProblemError image_not_found, too_many_images
   */
  async useIn(tx: TenantTransaction, sessionId: string, ids: readonly string[]): Promise<InputImage[]> {
    const { MAX_IMAGES_PER_PROMPT: most } = this.config;
    if (ids.length > most)
      throw new ProblemError('too_many_images', `A prompt may have at most ${most} images. Remove some.`);
    if (ids.length === 0) return [];
    const images = tx.of(SessionImageEntity);
    const found = await images.find({ where: { sessionId, id: In(ids) } });
    await images.update({ sessionId, id: In(ids), usedAt: IsNull() }, { usedAt: new Date() });
    return ids.map((id) => {
      const image = found.find((one) => one.id === id);
      if (!image) throw notFound();
      return toInputImage(image);
    });
  }

  /** Removes images of the session that no prompt has used for a day. */
  async removeUnused(ctx: RequestContext, sessionId: string): Promise<void> {
    await this.sessions.changeIfThere(ctx, sessionId, async (tx) => {
      const images = tx.of(SessionImageEntity);
      const old = { sessionId, usedAt: IsNull(), createdAt: LessThan(unusedBefore()) };
      const unused = await images.find({ where: old });
      // The files first: after a crash between the two, the rows are still there to be removed again.
      for (const { id, mediaType } of unused) await this.storage.removeImage(sessionId, id, mediaType);
      if (unused.length > 0) await images.delete({ id: In(unused.map(({ id }) => id)) });
    });
  }
}

/** What was uploaded before this time and is still unused may be removed. */
export const unusedBefore = (): Date => new Date(Date.now() - UNUSED_FOR_MS);

function plainImage(bytes: Buffer): PlainImage {
  try {
    return readImage(bytes);
  } catch (error) {
    if (error instanceof ImageError) throw new ProblemError('image_invalid', error.message);
    throw error;
  }
}

const notFound = () =>
  new ProblemError(
    'image_not_found',
    'Images that no prompt has used are removed after a day. Attach it again.',
  );
