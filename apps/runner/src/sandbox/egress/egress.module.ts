import { Module } from '@nestjs/common';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { Destinations } from './destinations.js';
import { Dialer } from './dialer.js';
import { EgressProxy } from './egress-proxy.js';

@Module({ providers: [Destinations, Dialer, EgressProxy, HostResolver], exports: [EgressProxy] })
export class EgressModule {}
