import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CommitEntity } from './commit.entity.js';
import { PushEntity } from './push.entity.js';
import { ShippedBranches } from './shipped-branches.js';

@Module({
  imports: [TypeOrmModule.forFeature([CommitEntity, PushEntity])],
  providers: [ShippedBranches],
  exports: [ShippedBranches],
})
export class ShippingModule {}
