import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { MIRRORS_FOLDER, TRASH_FOLDER, WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { CONFIG, type Config } from '../config.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every path below WORKSPACES_ROOT comes from here; no part of it is anything but a uuid or a hash. */
@Injectable()
export class WorkspacePaths {
  readonly root: string;

  constructor(@Inject(CONFIG) config: Pick<Config, 'WORKSPACES_ROOT'>) {
    this.root = config.WORKSPACES_ROOT;
  }

  session(sessionId: string): string {
    if (!UUID.test(sessionId)) throw new Error('A session id is a lower-case uuid.');
    return join(this.root, sessionId);
  }

  repo = (sessionId: string): string => join(this.session(sessionId), WORKSPACE.repo);

  codexHome = (sessionId: string): string => join(this.session(sessionId), WORKSPACE.codexHome);

  history = (sessionId: string): string => join(this.session(sessionId), WORKSPACE.history);

  get mirrors(): string {
    return join(this.root, MIRRORS_FOLDER);
  }

  tenantMirrors = (tenantId: string): string => join(this.mirrors, hash(tenantId).slice(0, 32));

  mirror = (tenantId: string, url: string): string => join(this.tenantMirrors(tenantId), `${hash(url)}.git`);

  get trash(): string {
    return join(this.root, TRASH_FOLDER);
  }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
