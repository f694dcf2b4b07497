import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { MIRRORS_FOLDER, WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { trustedCertificates } from '@saas-codex/service-kit/network/certificates';
import type { SystemInfo } from '@saas-codex/contracts/system';
import type { Config } from '../../config.js';
import { GatedSocket } from '../listener/gated-socket.js';
import { listenOnSocket, type RunSocket } from '../listener/http-listener.js';
import type { ThreadPaths } from '../../threads/workspace-path.js';
import { briefingSettings } from './briefing.js';
import {
  bubblewrapArguments,
  CERTIFICATES,
  imageInJail,
  type JailContents,
  LAUNCHER,
} from './bubblewrap-arguments.js';
import type { FoundGroups } from './cgroup/find-run-groups.js';
import type { RunGroups } from './cgroup/run-groups.js';
import {
  certificateEnvironment,
  PACKAGE_MANAGERS,
  proxyEnvironment,
  secretsSettings,
  serverEnvironment,
  shellEnvironmentSetting,
} from './command-environment.js';
import { countCommands, endProcesses, killJail } from './end-processes.js';
import { type HomeLayer, homesOf, prepareHome } from './home-layers.js';
import {
  Jail,
  type JailedTurn,
  type Launch,
  type PreparedJails,
  RUN_VARIABLE,
  type ScriptLaunch,
  type Upkeep,
  type UpkeepLaunch,
} from './jail.js';
import { JailWatch } from './limits/jail-watch.js';
import { limitFromExit, type LimitPassed, limitPassed, processLimits } from './limits/limits.js';
import { RunFolders } from './run-folders.js';
import { seccompFilter } from './seccomp-filter.js';

/*
 * bubblewrap around the whole Codex process of a run.
 *
 *  engine ──► launch.sh ──► bwrap ──│──► start.sh ──► codex ──► agent commands ──► …
 *                                   │       └──► relay :39100
 *     proxies ◄────── run.sock ─────┼──────────────┘
 *
 * Right of the line: separate user, pid, ipc, uts, cgroup and network namespaces, no capabilities, and only those files of the
 * host that bubblewrap-arguments.ts lists. start.sh is the first process there, so the kernel ends everything with it. It
 * ends with bwrap, and bwrap ends with this runner.
 *
 * Each run has a folder (run-folders.ts) with the jail's arguments, its system call filter, and the socket. Where the host lets
 * this runner create control groups, each run also has one of those (cgroup/run-groups.ts), which launch.sh enters.
 */

/** Where Codex reaches the model and its commands reach their proxy: the relay. Its port is also in jail/start.sh. */
const RELAY_ORIGIN = 'http://127.0.0.1:39100';

/** Programs of the machine, by their full paths. */
export interface JailPrograms {
  bwrap: string;
  socat: string;
}

export class BubblewrapJail extends Jail implements OnApplicationShutdown {
  readonly isolation = 'bubblewrap';
  readonly reason = 'bubblewrap works on this machine.';
  private readonly logger = new Logger(BubblewrapJail.name);
  private readonly folders = new RunFolders();
  readonly limits: SystemInfo['limits'];
  readonly limitsReason: string;
  private readonly groups: RunGroups | null;
  private readonly watches: JailWatch;
  /** Sockets of prepared jails, by jail. */
  private readonly gates = new Map<string, GatedSocket>();
  /** Ids of the prepared jails that runs have taken over, by run. */
  private readonly takenOver = new Map<string, string>();
  readonly preparedJails: PreparedJails = {
    open: async (jailId) => {
      this.gates.set(jailId, await GatedSocket.listen(await this.socketPath(jailId), RELAY_ORIGIN));
    },
    handOver: (jailId, runId) => void this.takenOver.set(runId, jailId),
  };

  constructor(
    private readonly programs: JailPrograms,
    private readonly config: Config,
    { groups, problem }: FoundGroups,
  ) {
    super();
    this.groups = groups;
    this.limits = problem === null ? 'cgroups' : 'watch';
    this.limitsReason =
      problem === null
        ? `The kernel holds each run to its ${groups.held.join(' and ')}; the runner checks the rest every second.`
        : `The runner checks each run every second: ${problem}.`;
    this.watches = new JailWatch(programs.bwrap, config, this.groups);
  }

  async runSocket(runId: string): Promise<RunSocket> {
    const gate = this.gates.get(this.jailOf(runId));
    if (gate) return gate;
    const path = await this.socketPath(runId);
    return { origin: RELAY_ORIGIN, serve: (handlers) => listenOnSocket(handlers, path) };
  }

  /** Where the jail's socket is. */
  async socketPath(jailId: string): Promise<string> {
    return join(await this.folders.folderOf(jailId), 'run.sock');
  }

  problemWith(): null {
    return null;
  }

  async launch(turn: JailedTurn): Promise<Launch> {
    const { images = [] } = turn;
    const { contents, commandEnvironment } = await this.contentsFor(turn, 'agent');
    const environment = {
      ...turn.secrets,
      ...contents.environment,
      ...(turn.trustRepository && serverEnvironment(commandEnvironment)),
    };
    return {
      ...(await this.prepare(turn.runId, { ...contents, images, environment })),
      commandEnvironment,
      images: images.map(imageInJail),
      configOverrides: [
        shellEnvironmentSetting(commandEnvironment),
        ...secretsSettings(Object.keys(turn.secrets), Object.keys(commandEnvironment)),
        ...briefingSettings(turn.network),
      ],
      sandboxMode: 'danger-full-access',
    };
  }

  async launchScript(turn: JailedTurn, script: string): Promise<ScriptLaunch> {
    const { contents, commandEnvironment } = await this.contentsFor(turn, 'setup');
    const path = await this.writeFor(turn.runId, 'setup.sh', script);
    const launch = await this.prepare(turn.runId, {
      ...contents,
      script: path,
      codexHome: null,
      environment: { ...turn.secrets, TERM: 'dumb', ...commandEnvironment },
    });
    return { ...launch, args: [], cwd: '/' };
  }

  async launchUpkeep(upkeep: Upkeep): Promise<UpkeepLaunch> {
    const launch = await this.prepare(upkeep.runId, await this.upkeepContents(upkeep));
    return { ...launch, sandboxMode: 'danger-full-access' };
  }

  async launchUpkeepScript(upkeep: Upkeep, script: string): Promise<ScriptLaunch> {
    const path = await this.writeFor(upkeep.runId, 'setup.sh', script);
    const contents = { ...(await this.upkeepContents(upkeep)), script: path };
    return { ...(await this.prepare(upkeep.runId, contents)), args: [], cwd: '/' };
  }

  /** Writes the files from which launch.sh builds the jail. @returns how to start Codex in it */
  async prepare(
    runId: string,
    contents: Omit<JailContents, 'socat'>,
  ): Promise<{ program: string; environment: Record<string, string> }> {
    const folder = await this.folders.folderOf(runId);
    const environment = {
      ...contents.environment,
      [RUN_VARIABLE]: runId,
      SAAS_CODEX_LIMITS: processLimits(this.config),
    };
    const filter = seccompFilter();
    if (filter === null) throw new Error(`no system call filter is known for ${process.arch}`);
    const list = bubblewrapArguments({ ...contents, socat: this.programs.socat, environment });
    await writeFile(join(folder, 'arguments'), list.map((one) => `${one}\0`).join(''), { mode: 0o600 });
    await writeFile(join(folder, 'filter'), filter);
    const group = await this.groups?.createGroup(runId, {
      memoryMb: this.config.JAIL_MAX_MEMORY_MB,
      processes: this.config.JAIL_MAX_PROCESSES,
    });
    return {
      program: LAUNCHER,
      environment: {
        [RUN_VARIABLE]: runId,
        SAAS_CODEX_JAIL: folder,
        SAAS_CODEX_BWRAP: this.programs.bwrap,
        ...(group && { SAAS_CODEX_GROUP: group }),
      },
    };
  }

  watchLimits(runId: string, { repo, codexHome }: ThreadPaths, onPassed: (limit: LimitPassed) => void) {
    return this.watches.watchRun({
      runId: this.jailOf(runId),
      folders: [repo, codexHome, homesOf(repo)],
      history: historyOf(repo),
      onPassed,
    });
  }

  async exceededLimit(runId: string, error: unknown): Promise<LimitPassed | null> {
    const facts = await this.groups?.factsOf(this.jailOf(runId));
    const hit = (['memory', 'processes'] as const).find((limit) => facts?.hasHit[limit]);
    return hit ? limitPassed(hit, this.config) : limitFromExit(error, this.config);
  }

  countCommands(runId: string): Promise<number> {
    return countCommands(this.jailOf(runId));
  }

  async endProcesses(runId: string): Promise<void> {
    const jailId = this.jailOf(runId);
    if (!(await this.groups?.killGroup(jailId))) await killJail(jailId);
    const left = await endProcesses(jailId);
    if (left.length > 0) this.logger.error(`processes of run ${runId} cannot be ended: ${left.join(', ')}`);
    if ((await this.groups?.removeGroup(jailId)) === false)
      this.logger.error(`the control group of run ${runId} cannot be emptied`);
  }

  async endRun(runId: string): Promise<void> {
    await this.endProcesses(runId);
    const jailId = this.jailOf(runId);
    await this.gates.get(jailId)?.close();
    this.gates.delete(jailId);
    await this.folders.removeFolder(jailId);
    this.takenOver.delete(runId);
  }

  /** Not earlier: runs may still use it while the modules are being destroyed. */
  onApplicationShutdown(): Promise<void> {
    return this.folders.close();
  }

  private async contentsFor(turn: JailedTurn, layer: HomeLayer) {
    const { runId, paths, environment, network, authorities } = turn;
    const socket = await this.socketPath(runId);
    const { repo, codexHome } = paths;
    const borrowed = await this.borrowedObjects(historyOf(repo));
    const certificates =
      authorities && (await this.writeFor(runId, 'certificates.pem', await trustedCertificates(authorities)));
    const home = await prepareHome({ bwrap: this.programs.bwrap, runId, paths, layer, network });
    const tools = this.config.SANDBOX_TOOLS;
    const commandEnvironment = {
      [RUN_VARIABLE]: runId,
      ...PACKAGE_MANAGERS,
      ...proxyEnvironment(RELAY_ORIGIN),
      ...(certificates !== null && certificateEnvironment(CERTIFICATES)),
    };
    const where = { repo, codexHome, home, tools, borrowed };
    const contents = { script: null, socket, certificates, ...where, environment };
    return { contents, commandEnvironment };
  }

  private jailOf(runId: string): string {
    return this.takenOver.get(runId) ?? runId;
  }

  /** Without a socket: nothing of this runner can be reached. HOME is empty and goes with the run's folder. */
  private async upkeepContents({ runId, paths, environment, writes, readable, history }: Upkeep) {
    const home = join(await this.folders.folderOf(runId), 'home');
    await mkdir(home, { recursive: true, mode: 0o700 });
    return {
      script: null,
      socket: null,
      certificates: null,
      repo: paths.repo,
      codexHome: writes === 'conversation' ? paths.codexHome : null,
      home,
      tools: [],
      borrowed: await this.borrowedObjects(history ?? historyOf(paths.repo)),
      readable,
      environment,
    };
  }

  /** Writes a file that is visible in the run's jail. */
  private async writeFor(runId: string, name: string, text: string): Promise<string> {
    const path = join(await this.folders.folderOf(runId), name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** Read from history.git, since an agent can change what the clone itself says. */
  private async borrowedObjects(history: string): Promise<string[]> {
    const mirrors = join(this.config.WORKSPACES_ROOT, MIRRORS_FOLDER) + sep;
    const alternates = await readFile(join(history, 'objects', 'info', 'alternates'), 'utf8').catch(() => '');
    return alternates.split('\n').filter((line) => line.startsWith(mirrors) && resolve(line) === line);
  }
}

const historyOf = (repo: string) => join(dirname(repo), WORKSPACE.history);
