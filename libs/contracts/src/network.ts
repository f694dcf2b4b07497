import { z } from 'zod';

/*
 * What a run's commands may reach. All that they send passes the runner's egress proxy, which resolves names itself
 * and never connects to private, loopback, link-local or metadata addresses, whatever is allowed here.
 *
 *     off          nothing
 *     allow_list   the hosts named
 *     on           every public host
 */

export const NETWORK_MODES = ['off', 'allow_list', 'on'] as const;
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

export const Network = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('off') }),
    z.strictObject({ mode: z.literal('allow_list'), hosts: z.array(HostRule).min(1).max(100) }),
    z.strictObject({ mode: z.literal('on') }),
  ])
  .meta({ id: 'Network' });
export type Network = z.infer<typeof Network>;
/** As clients may write it. */
export type NetworkInput = z.input<typeof Network>;

export const NETWORK_OFF: Network = { mode: 'off' };

/** Why the egress proxy let something not pass. */
export const NETWORK_REFUSALS = [
  'network_off',
  'host_not_allowed',
  'method_not_allowed',
  'address_not_public',
] as const;
export type NetworkRefusal = (typeof NETWORK_REFUSALS)[number];
