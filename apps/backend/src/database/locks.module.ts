import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { Locks } from './locks.js';

/** Apart from DatabaseModule, which needs a lock to migrate. */
@Module({
  providers: [
    { provide: Locks, inject: [CONFIG], useFactory: ({ DATABASE_URL }: Config) => new Locks(DATABASE_URL) },
  ],
  exports: [Locks],
})
export class LocksModule {}
