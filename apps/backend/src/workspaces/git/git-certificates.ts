import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { readExtraCertificates, trustedCertificates } from '@saas-codex/service-kit/network/certificates';
import { CONFIG, type Config } from '../../config.js';

/** The file of all certificate authorities that git trusts. A file that is given to git replaces the system's. */
@Injectable()
export class GitCertificates implements OnModuleInit, OnModuleDestroy {
  /** null: git uses the system's. */
  file: string | null = null;

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'NODE_EXTRA_CA_CERTS'>) {}

  async onModuleInit(): Promise<void> {
    const extra = await readExtraCertificates(this.config.NODE_EXTRA_CA_CERTS);
    if (extra === null) return;
    this.file = join(await mkdtemp(join(tmpdir(), 'saas-codex-certificates-')), 'authorities.pem');
    await writeFile(this.file, await trustedCertificates(extra));
  }

  async onModuleDestroy(): Promise<void> {
    if (this.file !== null) await rm(dirname(this.file), { recursive: true, force: true });
  }
}
