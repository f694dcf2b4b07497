/*
 * The system calls that agents may not use. Jails share the kernel with everything else; this filter blocks the calls that serve
 * to leave a jail or to read other processes, and those with a long record of kernel bugs. Namespaces matter most: in a new
 * one, an agent would be root again towards the kernel's file systems and network.
 *
 *     call ──► other architecture? ENOSYS ──► namespace, socket family, terminal: check the argument ──► listed? EPERM ──► allow
 *
 * The format is classic BPF, as `bwrap --seccomp` takes it: struct sock_filter { u16 code; u8 jt, jf; u32 k }.
 */

interface Architecture {
  audit: number;
  column: 0 | 1;
}

const ARCHITECTURES: Partial<Record<NodeJS.Architecture, Architecture>> = {
  x64: { audit: 0xc000003e, column: 0 },
  arm64: { audit: 0xc00000b7, column: 1 },
};

/** Numbers on x86-64 and on arm64. */
type Call = readonly [x64: number | null, arm64: number | null];

const FORBIDDEN: Record<string, Call> = {
  acct: [163, 89],
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  chroot: [161, 51],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  delete_module: [176, 106],
  fanotify_init: [300, 262],
  finit_module: [313, 273],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioperm: [173, null],
  iopl: [172, null],
  kcmp: [312, 272],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pivot_root: [155, 41],
  process_madvise: [440, 440],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  setns: [308, 268],
  settimeofday: [164, 170],
  swapoff: [168, 225],
  swapon: [167, 224],
  syslog: [103, 116],
  umount2: [166, 39],
  userfaultfd: [323, 282],
  vhangup: [153, 58],
};
const CLONE: Call = [56, 220];
const CLONE3: Call = [435, 435];
const UNSHARE: Call = [272, 97];
const SOCKET: Call = [41, 198];
const IOCTL: Call = [16, 29];

/** CLONE_NEW: time, mount, cgroup, uts, ipc, user, pid, net. */
const NAMESPACES = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. VSOCK in particular ignores network namespaces: it reaches the hypervisor. */
const FAMILIES = [1, 2, 10, 16];
/** TIOCSTI and TIOCLINUX simulate typing in a terminal. */
const TERMINAL_INPUT = [0x5412, 0x541c];
/** On x86-64, numbers from here on mean the same calls with 32-bit pointers. */
const X32 = 0x40000000;

const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];
const [LOAD, IF_EQUAL, IF_AT_LEAST, AND, RETURN] = [0x20, 0x15, 0x35, 0x54, 0x06];
const ALLOW = 0x7fff0000;
const refuse = (errno: number) => [instruction(RETURN, 0x00050000 | errno)];
/** Offsets in struct seccomp_data; for an argument that of its lower half. */
const [NUMBER, AUDIT, ARGUMENTS] = [0, 4, 16];

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];
const instruction = (code: number, k: number, ifTrue = 0, ifFalse = 0): Instruction => [
  code,
  ifTrue,
  ifFalse,
  k >>> 0,
];
const unless = (code: number, k: number, then: Instruction[]) => [instruction(code, k, then.length), ...then];
const when = (code: number, k: number, then: Instruction[]) => [
  instruction(code, k, 0, then.length),
  ...then,
];
const argument = (index: number) => instruction(LOAD, ARGUMENTS + 8 * index);

/** @returns null for an architecture whose call numbers are not listed here */
export function seccompFilter(architecture: NodeJS.Architecture = process.arch): Buffer | null {
  const known = ARCHITECTURES[architecture];
  if (!known) return null;
  const { audit, column } = known;
  const onCall = (call: Call, then: Instruction[]) =>
    call[column] === null ? [] : when(IF_EQUAL, call[column], then);
  const allow = instruction(RETURN, ALLOW);
  const noNamespaces = (index: number) => [
    argument(index),
    instruction(AND, NAMESPACES),
    ...unless(IF_EQUAL, 0, refuse(EPERM)),
    allow,
  ];
  return encode([
    instruction(LOAD, AUDIT),
    ...unless(IF_EQUAL, audit, refuse(ENOSYS)),
    instruction(LOAD, NUMBER),
    ...(architecture === 'x64' ? when(IF_AT_LEAST, X32, refuse(ENOSYS)) : []),
    // Its flags are in memory, which a filter cannot read. libc falls back to clone().
    ...onCall(CLONE3, refuse(ENOSYS)),
    ...onCall(CLONE, noNamespaces(0)),
    ...onCall(UNSHARE, noNamespaces(0)),
    ...onCall(SOCKET, [
      argument(0),
      ...FAMILIES.flatMap((family) => when(IF_EQUAL, family, [allow])),
      ...refuse(EAFNOSUPPORT),
    ]),
    ...onCall(IOCTL, [
      argument(1),
      ...TERMINAL_INPUT.flatMap((request) => when(IF_EQUAL, request, refuse(EPERM))),
      allow,
    ]),
    ...Object.values(FORBIDDEN).flatMap((call) => onCall(call, refuse(EPERM))),
    allow,
  ]);
}

function encode(instructions: Instruction[]): Buffer {
  const program = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, ifTrue, ifFalse, k], index) => {
    const at = index * 8;
    program.writeUInt16LE(code, at);
    program.writeUInt8(ifTrue, at + 2);
    program.writeUInt8(ifFalse, at + 3);
    program.writeUInt32LE(k, at + 4);
  });
  return program;
}
