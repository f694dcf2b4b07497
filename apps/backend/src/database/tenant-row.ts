import { Column } from 'typeorm';

/** The tenant whose rows a piece of work may touch. A RequestContext is one. */
export interface TenantScope {
  tenantId: string;
  /** The person who reads: what is private to another one does not exist for them. Undefined: the system, which sees all. */
  readerId?: string | undefined;
}

/** Base of every entity that belongs to a tenant. */
export abstract class TenantRow {
  @Column({ type: 'text', update: false })
  tenantId: string;
}
