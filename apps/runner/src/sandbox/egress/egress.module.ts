import { Module } from '@nestjs/common';
import { readExtraCertificates } from '@saas-codex/service-kit/network/certificates';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { CONFIG, type Config } from '../../config.js';
import { Destinations } from './destinations.js';
import { Dialer } from './dialer.js';
import { EgressProxy, EXTRA_CERTIFICATES } from './egress-proxy.js';

const extraCertificates = {
  provide: EXTRA_CERTIFICATES,
  inject: [CONFIG],
  useFactory: (config: Config) => readExtraCertificates(config.NODE_EXTRA_CA_CERTS),
};

@Module({
  providers: [Destinations, Dialer, EgressProxy, extraCertificates, HostResolver],
  exports: [EgressProxy],
})
export class EgressModule {}
