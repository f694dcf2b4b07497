import { z } from 'zod';
import { Unrecognized } from './open-reading.js';

/*
 * What a run's commands may reach. All their traffic goes through the runner's egress proxy, which resolves names itself
 * and never connects to private, loopback, link-local or metadata addresses, even if a host here resolves to one.
 *
 *     off          nothing
 *     allow_list   the hosts named
 *     ask          the hosts named, and others once a person has allowed it: the connection waits for the answer
 *     on           every public host
 */

export const NETWORK_MODES = ['off', 'allow_list', 'ask', 'on'] as const;
export type NetworkMode = (typeof NETWORK_MODES)[number];

const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?';
const HOST_PATTERN = new RegExp(`^(\\*\\.)?${LABEL}(\\.${LABEL})*(:[0-9]{1,5})?$`);

export const HostRule = z
  .strictObject({
    host: z
      .string()
      .max(260)
      .regex(HOST_PATTERN, 'is not a host name, like registry.npmjs.org, *.example.com or example.com:8443')
      .describe(
        'In lower case. `*.` stands for one label or more before it. Without a port: 80 and 443; with one: that alone',
      ),
    methods: z
      .enum(['read', 'any'])
      .default('any')
      .describe(
        'read: GET, HEAD and OPTIONS only; https is opened for that, with an authority of the run’s own',
      ),
  })
  .meta({ id: 'HostRule', examples: [{ host: 'registry.npmjs.org', methods: 'read' }] });
export type HostRule = z.infer<typeof HostRule>;

/** Of one network. */
export const MOST_HOST_RULES = 100;

export const Network = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('off') }),
    z.strictObject({ mode: z.literal('allow_list'), hosts: z.array(HostRule).min(1).max(MOST_HOST_RULES) }),
    z.strictObject({ mode: z.literal('ask'), hosts: z.array(HostRule).max(MOST_HOST_RULES).default([]) }),
    z.strictObject({ mode: z.literal('on') }),
  ])
  .meta({ id: 'Network' });
export type Network = z.infer<typeof Network>;
/** As clients may write it. */
export type NetworkInput = z.input<typeof Network>;

const { host, methods } = HostRule.shape;
/**
 * A network in an answer. A mode of a newer server that this version does not know is read as `Unrecognized`, with its
 * fields. The API's description shows it as `Network`.
 */
export const NetworkAnswer = z
  .union([
    Network,
    z.discriminatedUnion('mode', [
      z.object({ mode: z.literal('off') }),
      z.object({ mode: z.literal('allow_list'), hosts: z.array(z.object({ host, methods })) }),
      z.object({ mode: z.literal('ask'), hosts: z.array(z.object({ host, methods })) }),
      z.object({ mode: z.literal('on') }),
    ]),
    z.looseObject({ mode: Unrecognized }),
  ])
  .meta({ anyOf: undefined, allOf: [{ $ref: '#/components/schemas/Network' }] });
export type NetworkAnswer = z.infer<typeof NetworkAnswer>;

/** @returns null for a mode that this version does not know */
export const knownNetwork = (network: NetworkAnswer): Network | null =>
  Network.safeParse(network).data ?? null;

export const NETWORK_OFF: Network = { mode: 'off' };

/** Why the egress proxy refused a connection. */
export const NETWORK_REFUSALS = [
  'network_off',
  'host_not_allowed',
  'declined',
  'method_not_allowed',
  'address_not_public',
] as const;
export type NetworkRefusal = (typeof NETWORK_REFUSALS)[number];
