import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import {
  Public,
  RequirePermission,
  ROLE_TABLE,
  RoutePermissions,
  roleTable,
} from '../src/identity/permissions.js';

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
