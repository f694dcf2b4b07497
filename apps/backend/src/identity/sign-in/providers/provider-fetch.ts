import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { normaliseHost } from '@saas-codex/service-kit/network/host-name';
import { OutboundProxy } from '@saas-codex/service-kit/network/outbound-proxy';
import type { CustomFetch } from 'openid-client';
import { fetch, ProxyAgent } from 'undici';
import { CONFIG, type Config } from '../../../config.js';

/** Asks providers through the installation's proxy. */
@Injectable()
export class ProviderFetch implements OnApplicationShutdown {
  private readonly proxies: OutboundProxy;
  private readonly agents = new Map<string, ProxyAgent>();

  constructor(@Inject(CONFIG) config: Config) {
    this.proxies = new OutboundProxy(config);
  }

  readonly fetch: CustomFetch = async (address, { body, ...options }) => {
    const dispatcher = this.agentFor(new URL(address));
    return fetch(address, {
      ...options,
      // The library sends forms only.
      ...(body instanceof URLSearchParams && { body: body.toString() }),
      ...(dispatcher && { dispatcher }),
    });
  };

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.destroy()));
  }

  private agentFor({ protocol, hostname, port }: URL): ProxyAgent | undefined {
    const scheme = protocol.slice(0, -1);
    const target = {
      host: normaliseHost(hostname) ?? hostname,
      port: Number(port) || (scheme === 'http' ? 80 : 443),
    };
    const proxy = this.proxies.proxyFor(scheme, target)?.href;
    if (proxy === undefined) return undefined;
    const agent = this.agents.get(proxy) ?? new ProxyAgent(proxy);
    this.agents.set(proxy, agent);
    return agent;
  }
}
