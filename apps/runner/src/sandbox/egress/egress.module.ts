import { Module } from '@nestjs/common';
import { readExtraCertificates } from '@saas-codex/service-kit/network/certificates';
import { Destinations } from '@saas-codex/service-kit/network/destinations';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { CONFIG, type Config } from '../../config.js';
import { Dialer } from './dialer.js';
import { EgressProxy, EXTRA_CERTIFICATES } from './egress-proxy.js';

const extraCertificates = {
  provide: EXTRA_CERTIFICATES,
  inject: [CONFIG],
  useFactory: (config: Config) => readExtraCertificates(config.NODE_EXTRA_CA_CERTS),
};

const destinations = {
  provide: Destinations,
  inject: [CONFIG, HostResolver],
  useFactory: (config: Config, resolver: HostResolver) =>
    new Destinations(config.EGRESS_TRUSTED_HOSTS, config, resolver),
};

@Module({
  providers: [destinations, Dialer, EgressProxy, extraCertificates, HostResolver],
  exports: [EgressProxy],
})
export class EgressModule {}
