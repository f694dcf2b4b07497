/**
 * Attacks of a hostile agent, as shell commands. A probe prints REACHED when it gets through. As a control,
 * the same command runs without a jail and must print it there, so that a probe that no longer works is noticed.
 */
export interface Targets {
  /** Another session's folder, with files in it. */
  other: string;
  /** The mirror from which the clone borrows objects. */
  mirror: string;
  /** The run's own workspace folder. */
  own: string;
  /** A file of the platform's data outside all workspaces. */
  ownerToken: string;
  /** A port on the host's loopback, where SECRET is served over HTTP. */
  port: number;
  /** A Unix socket of the host, by path and by abstract name. */
  socket: string;
  abstract: string;
  /** A process of the host with SECRET in its environment, which may be killed. */
  pid: number;
  /** The parent folder of the workspaces' root. */
  home: string;
  /** The runner's own source. */
  source: string;
}

/** Settings of the runner that probes try to exceed. */
export const LIMITS = { JAIL_MAX_FILE_MB: '64', JAIL_MAX_MEMORY_MB: '512' };

/** Contained in everything that must not be read. */
export const SECRET = 'canary-7f3b1c';

const REACHED = 'echo REACHED';
const reads = (path: string) => `grep -aq ${SECRET} ${path} && ${REACHED}`;
/** Perl, since every Debian has it, and it can make system calls by number. */
const perl = (code: string) => `perl -MSocket=:all -e '${code}' && ${REACHED}`;
const opens = (family: number, type: number, protocol = 0) =>
  perl(`exit !socket(my $s, ${family}, ${type}, ${protocol})`);
const connects = (family: string, address: string) =>
  perl(`socket(my $s, ${family}, SOCK_STREAM, 0) or exit 1; exit !connect($s, ${address})`);
/** A filter refuses all arguments in the same way. Any other answer is from the kernel: the call got through. */
const call = (number: number, args: string) =>
  perl(`my $b = "\\0" x 128; my $r = syscall(${number}, ${args}); exit($r == -1 && ($! == 1 || $! == 38))`);

/** Programs use the jail's proxy, for loopback as well. Outside the jail there is none, and they connect directly. */
const fetches = (options: string, url: string) =>
  `NO_PROXY= no_proxy= curl -gs ${options} ${url} | grep -q ${SECRET} && ${REACHED}`;
const throughTheProxy = (port: number): Record<string, string> =>
  Object.fromEntries(
    ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0.0.0.0'].flatMap((host) => [
      [`by the proxy to ${host}`, fetches('', `http://${host}:${port}/`)],
      [`by a tunnel to ${host}`, fetches('--proxytunnel', `http://${host}:${port}/`)],
    ]),
  );

/** The first process of the jail; without a jail the bystander. */
const first = ({ pid }: Targets) => `/proc/$(test -e /run/jail && echo 1 || echo ${pid})`;

/** Numbers of system calls are x86-64's. */
export const escapeProbes = (at: Targets): Record<string, string> => ({
  // Files
  'file of another session': reads(`${at.other}/repo/secret.txt`),
  'CODEX_HOME of another session': reads(`${at.other}/codex-home/secret.txt`),
  'home of another session': reads(`${at.other}/homes/agent/secret.txt`),
  "own layer of setup scripts, and the record of one's network": `test -d ${at.own}/homes && ${REACHED}`,
  'list of all sessions': `ls ${at.own}/.. | grep -q ${at.other.split('/').at(-1)} && ${REACHED}`,
  'own trusted git directory': reads(`${at.own}/history.git/config`),
  'mirror next to its objects': reads(`${at.mirror}/config`),
  'writing into a mirror': `touch ${at.mirror}/objects/planted && ${REACHED}`,
  'own thread record': `test -e ${at.own}/thread.json && ${REACHED}`,
  'own spool': `test -d ${at.own}/spool && ${REACHED}`,
  'spool of another session': reads(`${at.other}/spool/secret.log`),
  'writing next to the repository': `touch ${at.own}/planted && ${REACHED}`,
  "owner's token": reads(at.ownerToken),
  "platform's source": `test -e ${at.source} && ${REACHED}`,
  'through a symbolic link': `ln -sfn ${at.other} link; ${reads('link/repo/secret.txt')}`,
  "through another process's root": reads(`/proc/${at.pid}/root${at.ownerToken}`),
  "through any process's root": `for p in /proc/[0-9]*; do grep -aqs ${SECRET} $p/root${at.ownerToken} && break; done && ${REACHED}`,
  "host's users": `grep -q daemon /etc/passwd && ${REACHED}`,
  'password hashes': `test -e /etc/shadow && ${REACHED}`,
  "the runner's home": `test "$(ls -A ${at.home} | wc -l)" -gt 1 && ${REACHED}`,
  'system programs': `cp /usr/bin/true /usr/bin/planted && rm /usr/bin/planted && ${REACHED}`,
  'system settings': `touch /etc/planted && rm /etc/planted && ${REACHED}`,
  "Codex's configuration": `touch ${at.own}/codex-home/config.toml && ${REACHED}`,
  'kernel settings': `cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness && ${REACHED}`,
  sysfs: `ls /sys/kernel >/dev/null && ${REACHED}`,
  cgroups: `ls /sys/fs/cgroup >/dev/null && ${REACHED}`,
  // Processes
  'environment of a host process': reads(`/proc/${at.pid}/environ`),
  'environment of any process': `cat /proc/[0-9]*/environ | grep -aq ${SECRET} && ${REACHED}`,
  'command lines of the host': `cat /proc/[0-9]*/cmdline | grep -aq "[r]edis-server" && ${REACHED}`,
  'signal to a host process': `kill -0 ${at.pid} && ${REACHED}`,
  'signal to everybody': `kill -0 -- -1; test "$(ls -d /proc/[0-9]* | wc -l)" -gt 30 && ${REACHED}`,
  'memory of a host process': `exec 3<>/proc/${at.pid}/mem && ${REACHED}`,
  'input of the first process': `echo '{}' >${first(at)}/fd/0 && ${REACHED}`,
  'output of the first process': `echo '{}' >${first(at)}/fd/1 && ${REACHED}`,
  'complaints of the first process': `echo x >${first(at)}/fd/2 && ${REACHED}`,
  'memory of the first process': `exec 3<>${first(at)}/mem && ${REACHED}`,
  // Except its own script.
  'what the first process has open': `ls -l ${first(at)}/fd | grep " [0-9]* -> " | grep -v " [012] -> \\|start.sh" | grep -q . && ${REACHED}`,
  // Network
  'TCP to the host': connects('AF_INET', `pack_sockaddr_in(${at.port}, inet_aton("127.0.0.1"))`),
  'TCP to the host over IPv6': connects(
    'AF_INET6',
    `pack_sockaddr_in6(${at.port}, inet_pton(AF_INET6, "::ffff:127.0.0.1"))`,
  ),
  ...throughTheProxy(at.port),
  'Unix socket of the host': connects('AF_UNIX', `pack_sockaddr_un("${at.socket}")`),
  'abstract Unix socket': connects('AF_UNIX', `pack("Sa108", 1, "\\0${at.abstract}")`),
  'packet socket': opens(17, 3),
  'raw socket': opens(2, 3, 1),
  'hypervisor socket': opens(40, 1),
  'network interfaces of the host': `grep -qv "lo:\\||" /proc/net/dev && ${REACHED}`,
  // Kernel
  'user namespace': `unshare --user true && ${REACHED}`,
  'mount namespace': `unshare --mount true && ${REACHED}`,
  mount: `mkdir -p m && mount -t tmpfs none m && umount m && ${REACHED}`,
  "joining the host's namespaces": `nsenter --target ${at.pid} --net true && ${REACHED}`,
  chroot: `chroot / true && ${REACHED}`,
  ptrace: call(101, '0,0,0,0'),
  'clone3 with hidden flags': call(435, '0,0'),
  "reading another process's memory": call(310, '0,0,0,0,0,0'),
  bpf: call(321, '0, $b, 128'),
  keyring: call(250, '0,-3,0'),
  'performance events': call(298, '$b, 0, -1, -1, 0'),
  'page fault handling': call(323, '0'),
  io_uring: call(425, '1, $b'),
  'kernel log': call(103, '10,0,0'),
  'typing into a terminal': perl('my $c = "x"; ioctl(STDIN, 0x5412, $c); exit($! == 1)'),
  "kernel's messages": `test -e /dev/kmsg && ${REACHED}`,
  'new device': `mknod dev-node c 1 3 && rm dev-node && ${REACHED}`,
  disks: `ls /dev | grep -q "^\\(vd\\|sd\\|xvd\\|nvme\\|loop\\)" && ${REACHED}`,
  capabilities: `test "$(grep CapEff /proc/self/status | tr -d "0[:alpha:]:[:space:]" | wc -c)" -gt 0 && ${REACHED}`,
  // Limits, as LIMITS sets them
  'a larger file': `head -c 70000000 /dev/zero > big && ${REACHED}; rm -f big`,
  'more memory': `dd if=/dev/null of=/dev/null bs=600M count=1 2>/dev/null && ${REACHED}`,
  'new privileges': `grep -q "NoNewPrivs:.0" /proc/self/status && ${REACHED}`,
});
