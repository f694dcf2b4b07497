import { Injectable } from '@nestjs/common';
import type {
  FileContent,
  FileQuery,
  Files,
  FileSearchQuery,
  FilesQuery,
  FoundLines,
} from '@saas-codex/contracts/files';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../identity/request-context.js';
import { ImageError, type PlainImage } from '../images/formats/plain-image.js';
import { readImage } from '../images/formats/read-image.js';
import { History } from '../workspaces/history/history.js';
import type { Download } from '../workspaces/storage/storage.js';
import { SessionTrees } from './session-trees.js';

/** The files of a session at one of its checkpoints. Each method throws the problems of `SessionTrees.at`, too. */
@Injectable()
export class FilesService {
  constructor(
    private readonly trees: SessionTrees,
    private readonly history: History,
  ) {}

  async list(ctx: RequestContext, sessionId: string, query: FilesQuery): Promise<Files> {
    return this.history.listFiles(ctx, await this.at(ctx, sessionId, query), query);
  }

  async read(ctx: RequestContext, sessionId: string, query: FileQuery): Promise<FileContent> {
    return this.history.readFile(ctx, await this.at(ctx, sessionId, query), query.path);
  }

  async download(ctx: RequestContext, sessionId: string, query: FileQuery): Promise<Download> {
    return this.history.downloadFile(ctx, await this.at(ctx, sessionId, query), query.path);
  }

  /** An image, written anew as those of prompts are. @throws ProblemError image_invalid */
  async readImage(ctx: RequestContext, sessionId: string, query: FileQuery): Promise<PlainImage> {
    const bytes = await this.history.readImage(ctx, await this.at(ctx, sessionId, query), query.path);
    try {
      return readImage(bytes);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw new ProblemError('image_invalid', 'Only PNG, JPEG, WebP and GIF are shown. Download the file.');
    }
  }

  async search(ctx: RequestContext, sessionId: string, query: FileSearchQuery): Promise<FoundLines> {
    return this.history.searchFiles(ctx, await this.at(ctx, sessionId, query), query.q, query.limit);
  }

  private async at(ctx: RequestContext, sessionId: string, { at }: Pick<FileQuery, 'at'>) {
    return { sessionId, tree: await this.trees.at(ctx, sessionId, at) };
  }
}
