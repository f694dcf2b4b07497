import type { HostRule, Network } from '@saas-codex/contracts/network';

/*
 * What Codex tells the model about its jail. Codex's own text knows only Codex's sandbox, which a jail replaces: it would say that all
 * files can be written and that the network is on.
 */

/** Codex settings, each `key=<TOML value>`. */
export const briefingSettings = (network: Network): string[] => [
  'include_permissions_instructions=false',
  `developer_instructions=${JSON.stringify(briefing(network))}`,
];

const briefing = (network: Network): string =>
  [
    'You work in a Linux sandbox of your own. You can write to the repository, to your home folder and to /tmp, which is emptied after each turn. System folders are read-only. You have no root rights.',
    reachable(network),
    network.mode === 'ask'
      ? 'Commands that the sandbox allows run at once.'
      : 'Nobody can approve anything while you work. Commands that the sandbox allows run at once.',
  ].join('\n');

function reachable(network: Network): string {
  switch (network.mode) {
    case 'off':
      return 'The network is off. No host can be reached, so nothing can be downloaded or installed. If the task needs the network, say so: the person can turn it on or allow hosts in the environment of this session.';
    case 'allow_list':
      return `Of the network, only these hosts can be reached, through the proxy that HTTP_PROXY and HTTPS_PROXY name: ${network.hosts.map(describeHost).join(', ')}. If the task needs another host, say which: the person can allow it in the environment of this session.`;
    case 'ask':
      return `${network.hosts.length === 0 ? 'A host is' : `Hosts other than ${network.hosts.map(describeHost).join(', ')} are`} reached only if the person allows it: the connection waits at the proxy that HTTP_PROXY and HTTPS_PROXY name while the person is asked, which may take minutes. Use long timeouts, and do not repeat a request that was declined.`;
    case 'on':
      return 'Public hosts can be reached, through the proxy that HTTP_PROXY and HTTPS_PROXY name. Private addresses cannot.';
  }
}

const describeHost = ({ host, methods }: HostRule): string =>
  methods === 'read' ? `${host} (GET, HEAD and OPTIONS only)` : host;
