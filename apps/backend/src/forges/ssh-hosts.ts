/** Under these names forges take ssh at port 443, for those whose firewall lets nothing else through. It is the same place. */
const SSH_HOSTS: ReadonlyMap<string, string> = new Map([
  ['ssh.github.com', 'github.com'],
  ['altssh.gitlab.com', 'gitlab.com'],
  ['altssh.bitbucket.org', 'bitbucket.org'],
]);

/** As people know the host: the name that its pages have. @param host canonical */
export const knownHostOf = (host: string): string => SSH_HOSTS.get(host) ?? host;
