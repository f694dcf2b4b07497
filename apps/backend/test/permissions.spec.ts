import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type Role, ROLES } from '@saas-codex/contracts/identity';
import { type Permission, PERMISSIONS, ROLE_PERMISSIONS } from '@saas-codex/contracts/permissions';
import { DataSource } from 'typeorm';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import {
  Public,
  RequirePermission,
  ROLE_TABLE,
  RoutePermissions,
  roleTable,
} from '../src/identity/permissions.js';

/** What every operation of the OpenAPI document requires, by its operationId. */
const REQUIRED: Record<string, Permission | 'public'> = {
  readHealth: 'public',
  readReadiness: 'public',
  signIn: 'public',
  readSignInOptions: 'public',
  signInWithPassword: 'public',
  signUp: 'public',
  completeSignUp: 'public',
  requestPasswordReset: 'public',
  completePasswordReset: 'public',
  signOut: 'account:sign_out',
  readCredentials: 'account:read',
  changePassword: 'account:write',
  updateMe: 'account:write',
  changeEmail: 'account:write',
  confirmEmail: 'account:write',
  listSignIns: 'account:read',
  revokeOtherSignIns: 'account:write',
  revokeSignIn: 'account:write',
  resetMemberPassword: 'members:reset_password',
  readMe: 'account:read',
  readSystem: 'system:read',
  readUsage: 'usage:read',
  createSession: 'sessions:write',
  listSessions: 'sessions:read',
  readSession: 'sessions:read',
  updateSession: 'sessions:write',
  deleteSession: 'sessions:write',
  promptSession: 'runs:create',
  runSetup: 'runs:create',
  listRuns: 'runs:read',
  listAllRuns: 'runs:read',
  readRun: 'runs:read',
  listRunItems: 'events:read',
  readRunHistory: 'events:read',
  cancelRun: 'runs:cancel',
  readDiff: 'diffs:read',
  readFilePatch: 'diffs:read',
  streamRunEvents: 'events:read',
  streamActivity: 'events:read',
};
interface Operation {
  id: string;
  method: string;
  path: string;
}

describe('the routes of the backend', () => {
  let backend: TestBackend;
  let operations: Operation[];
  /** The backend's own table, which this spec changes to prove that the guard uses it. */
  let table: Map<Role, ReadonlySet<Permission>>;
  beforeAll(async () => {
    backend = await startBackend();
    const document = (await (await backend.fetch('/api/openapi.json')).json()) as OpenAPIObject;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { operationId: string }>).map(([method, { operationId }]) => ({
        id: operationId,
        method: method.toUpperCase(),
        path: path.replace(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000'),
      })),
    );
    table = backend.app.get(ROLE_TABLE);
  });
  afterAll(() => backend.stop());

  const giveRole = (role: Role) => backend.app.get(DataSource).query('UPDATE members SET role = $1', [role]);

  /** Calls an operation as the token's owner, with a body that nothing accepts. */
  async function call({ method, path }: Omit<Operation, 'id'>): Promise<[status: number, code?: string]> {
    const hasBody = ['POST', 'PATCH', 'PUT'].includes(method);
    const answer = await backend.fetch(path, {
      method,
      ...(hasBody && { body: '[]', headers: { 'content-type': 'application/json' } }),
    });
    if (answer.headers.get('content-type')?.startsWith('application/problem+json') !== true) {
      await answer.body?.cancel();
      return [answer.status];
    }
    return [answer.status, ((await answer.json()) as { code: string }).code];
  }

  /** The operations that are refused for want of a permission. */
  async function refused(): Promise<string[]> {
    const ids: string[] = [];
    for (const { id, ...operation } of operations) {
      const [status, code] = await call(operation);
      if (code === 'forbidden') expect([id, status]).toEqual([id, 403]);
      if (code === 'forbidden') ids.push(id);
    }
    return ids.toSorted();
  }
  const requiring = (isRefused: (permission: Permission) => boolean) =>
    Object.entries(REQUIRED)
      .flatMap(([id, required]) => (required !== 'public' && isRefused(required) ? [id] : []))
      .toSorted();

  it('are all in the table of this spec', () => {
    expect(operations.map(({ id }) => id).toSorted()).toEqual(Object.keys(REQUIRED).toSorted());
  });

  it.each(PERMISSIONS)('refuse a role that has every permission but %s', async (withheld) => {
    await giveRole('member');
    const before = new Set(table.get('member'));
    table.set('member', new Set(PERMISSIONS.filter((permission) => permission !== withheld)));
    try {
      expect(await refused()).toEqual(requiring((permission) => permission === withheld));
    } finally {
      table.set('member', before);
      await giveRole('owner');
    }
  });

  it.each(ROLES)('allow a person with the role %s what the table says', async (role) => {
    await giveRole(role);
    try {
      const allowed = ROLE_PERMISSIONS[role];
      expect(await refused()).toEqual(requiring((permission) => !allowed.includes(permission)));
    } finally {
      await giveRole('owner');
    }
  });
});

describe('a controller', () => {
  @Controller('declared')
  class DeclaredController {
    @Get('mine')
    @RequirePermission('sessions:read')
    mine() {}

    @Get('open')
    @Public()
    open() {}

    notARoute() {}
  }

  @Controller('undeclared')
  class UndeclaredController extends DeclaredController {
    @Get('forgotten')
    forgotten() {}
  }

  const start = async (controller: typeof DeclaredController) => {
    @Module({
      imports: [DiscoveryModule],
      controllers: [controller],
      providers: [RoutePermissions, { provide: ROLE_TABLE, useFactory: roleTable }],
    })
    class SpecModule {}
    const app = await NestFactory.create(SpecModule, { logger: false, abortOnError: false });
    try {
      await app.init();
    } finally {
      await app.close();
    }
  };

  it('starts when each of its routes names a permission or is public', async () => {
    await expect(start(DeclaredController)).resolves.toBeUndefined();
  });

  it('keeps the application from starting when one of its routes names neither', async () => {
    await expect(start(UndeclaredController)).rejects.toThrow(
      'Add @RequirePermission() or @Public() to UndeclaredController.forgotten.',
    );
  });
});
