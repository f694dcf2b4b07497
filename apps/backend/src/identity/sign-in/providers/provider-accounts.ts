import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../../../config.js';
import { SystemDatabase } from '../../../database/system-database.js';
import { OWNER_EMAIL } from '../../sign-in-links.js';
import { ProviderFailure } from './provider-failure.js';
import type { ProviderPerson, ProviderSubject } from './provider-person.js';
import type { ProviderRules } from './provider-settings.js';

interface User {
  id: string;
  name: string;
}

/** Of one provider, a subject is one person forever; an address may change hands. */
const FIND = `
  SELECT u.id, u.name FROM user_accounts a JOIN users u ON u.id = a.user_id
   WHERE a.provider_id = $1 AND a.account_id = $2`;

/**
 * An account whose address nobody has proved may have been prepared by somebody else, who knows its password. One that knows
 * another subject of the provider belongs to whoever had the address before.
 */
const LINK = `
  INSERT INTO user_accounts (id, account_id, provider_id, user_id, updated_at)
  SELECT gen_random_uuid(), $2, $1, u.id, now() FROM users u
   WHERE u.email = $3 AND u.email <> $4 AND u.email_verified
     AND NOT EXISTS (SELECT FROM user_accounts o WHERE o.user_id = u.id AND o.provider_id = $1)
  ON CONFLICT DO NOTHING`;

/** $4: name, $5: the organisation, or null, $6: the role in it. */
const CREATE = `
  WITH person AS (
    INSERT INTO users (id, name, email, email_verified) VALUES (gen_random_uuid(), $4, $3, true)
    ON CONFLICT (email) DO NOTHING RETURNING id),
  linked AS (
    INSERT INTO user_accounts (id, account_id, provider_id, user_id, updated_at)
    SELECT gen_random_uuid(), $2, $1, id, now() FROM person)
  INSERT INTO members (id, tenant_id, user_id, role, created_at)
  SELECT gen_random_uuid(), $5, id, $6, now() FROM person WHERE $5::text IS NOT NULL`;

/** $2: the tenant, $3: the role. Nobody outside makes or unmakes an owner. */
const CHANGE_ROLE = `
  UPDATE members SET role = $3 WHERE user_id = $1 AND tenant_id = $2 AND role NOT IN ('owner', $3)`;

const SIGN_OUT = `
  DELETE FROM user_sessions s USING user_accounts a
   WHERE a.provider_id = $1 AND a.account_id = $2 AND s.user_id = a.user_id`;

/**
 * The accounts of people whom a provider has identified:
 *
 *     known to us by issuer and subject   that account
 *     a proved address of an account      that account, from now on; its organisations stay as they are
 *     an unproved one                     refused
 *     a new address                       a new account, which joins the organisation of the provider's rules
 *
 * With a role map, a person's groups decide their role in that organisation at every sign-in.
 */
@Injectable()
export class ProviderAccounts {
  private readonly logger = new Logger(ProviderAccounts.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly system: SystemDatabase,
  ) {}

  /** @throws ProviderFailure provider_account_exists, organisation_missing */
  async of(person: ProviderPerson, rules: ProviderRules): Promise<User> {
    const user = (await this.find(person)) ?? (await this.link(person)) ?? (await this.create(person, rules));
    if (rules.roleMap.length > 0 && rules.tenant !== undefined) {
      await this.system.query(CHANGE_ROLE, [user.id, await this.tenantToJoin(rules), person.role]);
    }
    return user;
  }

  /** Ends the sign-ins of somebody whom the provider still knows, and who may not sign in any more. */
  async signOut({ issuer, subject }: ProviderSubject): Promise<void> {
    await this.system.query(SIGN_OUT, [issuer, subject]);
  }

  private async link(person: ProviderPerson): Promise<User | undefined> {
    await this.system.query(LINK, [person.issuer, person.subject, person.email, OWNER_EMAIL]);
    return this.find(person);
  }

  private async find({ issuer, subject }: ProviderSubject): Promise<User | undefined> {
    const [user] = await this.system.query<User>(FIND, [issuer, subject]);
    return user;
  }

  private async create(person: ProviderPerson, rules: ProviderRules): Promise<User> {
    const { issuer, subject, email, name, role } = person;
    const taken = await this.system.query('SELECT FROM users WHERE email = $1', [email]);
    if (taken.length === 0) {
      const tenantId = await this.tenantToJoin(rules);
      if (tenantId === null && this.config.SIGN_UP === 'closed')
        throw new ProviderFailure('organisation_missing');
      await this.system.query(CREATE, [issuer, subject, email, name, tenantId, role]);
    }
    // Another sign-in of this person may have made it at the same time.
    const user = await this.find(person);
    if (!user) throw new ProviderFailure('provider_account_exists');
    return user;
  }

  private async tenantToJoin({ tenant: named }: ProviderRules): Promise<string | null> {
    if (named === undefined) return null;
    const [tenant] = await this.system.query<{ id: string }>(
      'SELECT id FROM tenants WHERE (id = $1 OR slug = $1) AND deleted_at IS NULL',
      [named],
    );
    if (tenant) return tenant.id;
    this.logger.error(
      'The setting of the organisation that new people join names none, so they cannot join.',
    );
    throw new ProviderFailure('organisation_missing');
  }
}
