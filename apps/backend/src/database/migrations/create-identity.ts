import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The tables of better-auth 1.7 (core, organization, API keys, magic links) as its own generator writes them,
 * under our names, and with the constraints that it leaves to its code.
 */
export class CreateIdentity1795470000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PEOPLE);
    await runner.query(TENANTS);
    await runner.query(API_KEYS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE api_keys, invitations, members, tenants, verifications, user_accounts, user_sessions, users',
    );
  }
}

const PEOPLE = `
  CREATE TABLE users (
    id text PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    email_verified boolean NOT NULL,
    image text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE user_sessions (
    id text PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    token text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL,
    ip_address text,
    user_agent text,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    active_tenant_id text
  );
  CREATE INDEX user_sessions_user_id_idx ON user_sessions (user_id);
  CREATE TABLE user_accounts (
    id text PRIMARY KEY,
    account_id text NOT NULL,
    provider_id text NOT NULL,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access_token text,
    refresh_token text,
    id_token text,
    access_token_expires_at timestamptz,
    refresh_token_expires_at timestamptz,
    scope text,
    password text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL
  );
  CREATE INDEX user_accounts_user_id_idx ON user_accounts (user_id);
  CREATE TABLE verifications (
    id text PRIMARY KEY,
    identifier text NOT NULL,
    value text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX verifications_identifier_idx ON verifications (identifier);`;

const TENANTS = `
  CREATE TABLE tenants (
    id text PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL UNIQUE,
    logo text,
    created_at timestamptz NOT NULL,
    metadata text
  );
  CREATE TABLE members (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at timestamptz NOT NULL,
    UNIQUE (user_id, tenant_id)
  );
  CREATE INDEX members_tenant_id_idx ON members (tenant_id);
  CREATE TABLE invitations (
    id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email text NOT NULL,
    role text,
    status text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    inviter_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE
  );
  CREATE INDEX invitations_tenant_id_idx ON invitations (tenant_id);
  CREATE INDEX invitations_email_idx ON invitations (email);`;

const API_KEYS = `
  CREATE TABLE api_keys (
    id text PRIMARY KEY,
    config_id text NOT NULL,
    name text,
    start text,
    reference_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    prefix text,
    key text NOT NULL UNIQUE,
    refill_interval integer,
    refill_amount integer,
    last_refill_at timestamptz,
    enabled boolean,
    rate_limit_enabled boolean,
    rate_limit_time_window integer,
    rate_limit_max integer,
    request_count integer,
    remaining integer,
    last_request timestamptz,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    permissions text,
    metadata text
  );
  CREATE INDEX api_keys_config_id_idx ON api_keys (config_id);
  CREATE INDEX api_keys_reference_id_idx ON api_keys (reference_id);`;
