import { Controller, Get, Header, Param, Post, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import { IMAGE_EXTENSIONS, IMAGE_TYPES, SessionImage } from '@saas-codex/contracts/images';
import type { Request, Response } from 'express';
import { TakesBytes } from '../api/idempotency/raw-body.interceptor.js';
import { ApiProblems } from '../api/problems.decorator.js';
import { RequirePermission } from '../identity/permissions.js';
import { Ctx, type RequestContext } from '../identity/request-context.js';
import { ImagesService } from './images.service.js';

const id = { schema: Id };
const binary = { type: 'string', format: 'binary' } as const;

@ApiTags('runs')
@Controller('api/sessions/:session_id/images')
export class ImagesController {
  constructor(private readonly images: ImagesService) {}

  @Post()
  @TakesBytes()
  @RequirePermission('runs:create')
  @ApiOperation({
    operationId: 'uploadImage',
    summary: 'Upload an image for a prompt',
    description:
      'The body is the image: PNG, JPEG, WebP or GIF, whatever `Content-Type` says. Only what shows it is kept, so where and when a ' +
      'photo was taken is not. Name it in `images` of a prompt; an image that no prompt has used is removed after a day.',
  })
  @ApiConsumes(...IMAGE_TYPES)
  @ApiBody({ schema: binary })
  @ApiProblems(
    'session_not_found',
    'session_archived',
    'image_invalid',
    'too_many_images',
    'disk_quota_exceeded',
  )
  @ApiResponse({ status: 201, standardSchema: SessionImage })
  upload(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Req() req: Request,
  ): Promise<SessionImage> {
    return this.images.upload(ctx, sessionId, req.body as Buffer);
  }

  /** Whatever it holds, a browser shows it as an image or not at all: no script of it runs, and no other site embeds it. */
  @Get(':image_id')
  @RequirePermission('runs:read')
  @Header('x-content-type-options', 'nosniff')
  @Header('content-security-policy', "sandbox; default-src 'none'")
  @Header('cross-origin-resource-policy', 'same-origin')
  // Asked again each time, since a session may become private. The tag makes that cheap.
  @Header('cache-control', 'private, no-cache')
  @ApiOperation({
    operationId: 'readImage',
    summary: 'Read an image of a prompt',
    description: 'Not for readers of links: nothing can redact what an image shows.',
  })
  @ApiProblems('session_not_found', 'image_not_found')
  @ApiResponse({
    status: 200,
    description: 'The image',
    content: Object.fromEntries(IMAGE_TYPES.map((type) => [type, { schema: binary }])),
  })
  async read(
    @Ctx() ctx: RequestContext,
    @Param('session_id', id) sessionId: string,
    @Param('image_id', id) imageId: string,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<StreamableFile | undefined> {
    const { image, file } = await this.images.open(ctx, sessionId, imageId);
    res.setHeader('etag', `"${image.id}"`);
    if (req.fresh) {
      await file.close();
      res.status(304);
      return undefined;
    }
    const name = `${image.id}.${IMAGE_EXTENSIONS[image.mediaType]}`;
    return new StreamableFile(file.createReadStream(), {
      type: image.mediaType,
      length: image.bytes,
      disposition: `inline; filename="${name}"`,
    });
  }
}
