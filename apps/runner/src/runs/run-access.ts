import { Inject, Injectable } from '@nestjs/common';
import { isCodexRun } from '@saas-codex/contracts/runs';
import { CONFIG, type Config } from '../config.js';
import { LedgerClient } from '../model-proxy/ledger-client.js';
import type { ModelAccess, RunLedger } from '../model-proxy/model-access.js';
import { ModelProxy } from '../model-proxy/model-proxy.service.js';
import { EgressProxy, type EgressTrust } from '../sandbox/egress/egress-proxy.js';
import { Jail } from '../sandbox/jail/jail.js';
import type { Listener } from '../sandbox/listener/http-listener.js';
import type { OpenedGrant } from '../redaction/run-secrets.js';
import type { NetworkQuestions } from './network-questions.js';
import type { RunJob } from './run-queue.js';
import type { TurnRecorder } from './turn-recorder.js';

/** What one run can reach of this runner, while it lives. */
export interface OpenedAccess {
  /** null: a setup script has no model. */
  model: ModelAccess | null;
  /** PEM of the certificate authorities beyond the system's that the run's commands must trust; null: none. */
  authorities: string | null;
  /** The number of open connections to hosts and to the model. */
  openConnections(): number;
  close(): Promise<void>;
}

/**
 * Opens a run's ways out of its sandbox.
 *
 *     in a jail ──── the run's one socket ─────► egress proxy, and the model proxy if Codex works on it
 *     elsewhere ──── a token, if Codex works  ► model proxy; Codex's sandbox restricts the network
 */
@Injectable()
export class RunAccess {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly ledger: LedgerClient,
    private readonly jail: Jail,
    private readonly modelProxy: ModelProxy,
    private readonly egressProxy: EgressProxy,
  ) {}

  /** @param trust of the run's jail, if it was made before */
  async openAccess(
    { owner, input, network, traceparent, metered = false }: RunJob,
    model: string | null,
    { secrets: { redactor }, modelServer }: OpenedGrant,
    recorder: TurnRecorder,
    questions: NetworkQuestions,
    trust?: EgressTrust,
  ): Promise<OpenedAccess> {
    const ledger = metered ? this.runLedger() : null;
    const caller = {
      ...owner,
      network,
      model,
      redactor,
      modelServer,
      traceparent: traceparent ?? null,
      ledger,
    };
    const socket = await this.jail.runSocket(owner.runId);
    const listener = {
      onRefused: recorder.onRefused.bind(recorder),
      askFor: questions.askFor.bind(questions),
    };
    const egress = await this.egressProxy.openEgress(network, listener, trust);
    let access: ModelAccess | null = null;
    let server: Listener | null = null;
    if (isCodexRun(input.kind)) {
      access = await (socket === null
        ? this.modelProxy.openTokenAccess(caller, recorder)
        : this.modelProxy.openSocketAccess(caller, recorder, socket, egress.handlers));
    } else if (socket !== null) {
      server = await socket.serve(egress.handlers);
    }
    return {
      model: access,
      authorities: egress.authorities,
      openConnections: () => egress.openConnections() + (access?.openCalls() ?? 0),
      close: async () => {
        egress.close();
        await Promise.all([access?.revoke(), server?.close()]);
      },
    };
  }

  private runLedger(): RunLedger {
    return {
      limitWaitMs: this.config.LIMIT_WAIT_MINUTES * 60_000,
      reserve: (call) => this.ledger.reserve(call),
      settle: (callId, end) => this.ledger.settle(callId, end),
    };
  }
}
