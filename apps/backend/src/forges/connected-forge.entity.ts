import type { Forge, ForgeKind } from '@saas-codex/contracts/forges';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PrivateRows } from '../database/private-rows.js';
import { TenantRow } from '../database/tenant-row.js';
import { type GithubApp, installUrlOf } from './github/github-app.js';

/** A forge that a person or the organisation has connected. Its token, or the private key of its App, is the secret with the same id. Nobody sees those of other people. */
@PrivateRows(() => '(owner_id IS NULL OR owner_id = :readerId)')
@Entity('connected_forges')
export class ConnectedForgeEntity extends TenantRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'text', update: false })
  kind: ForgeKind;

  /** The person whose it is; null: the organisation's. */
  @Column({ type: 'text', nullable: true, update: false })
  ownerId: string | null;

  /** As a browser opens it: an origin. */
  @Column({ type: 'text', update: false })
  url: string;

  /** Canonical, with the port if it is not the usual one of https: what repositories have in their addresses. */
  @Column({ type: 'text', update: false })
  host: string;

  /** The one to whose repositories the token is limited; null: to none. */
  @Column({ type: 'text', nullable: true, update: false })
  workspace: string | null;

  /** Whose token it is, as the forge said at the last test. */
  @Column({ type: 'text', nullable: true })
  login: string | null;

  /** null: it has a token. */
  @Column({ type: 'jsonb', nullable: true, update: false })
  githubApp: GithubApp | null;

  @Column({ type: 'text', update: false })
  createdBy: string;

  @Column({ type: 'timestamptz', precision: 3, update: false })
  createdAt: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  /** When the forge last refused the token; null: not since it was saved, or used with success. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  refusedAt: Date | null;
}

export const toForge = (row: ConnectedForgeEntity): Forge => ({
  forge_id: row.id,
  kind: row.kind,
  owner: row.ownerId === null ? 'organisation' : 'person',
  url: row.url,
  host: row.host,
  workspace: row.workspace,
  login: row.login,
  created_at: row.createdAt.toISOString(),
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  refused_at: row.refusedAt?.toISOString() ?? null,
  ...(row.githubApp && {
    github_app: {
      name: row.githubApp.name,
      url: row.githubApp.url,
      install_url: installUrlOf(row.githubApp),
    },
  }),
});
