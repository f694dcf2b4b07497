import { Injectable } from '@nestjs/common';
import { EgressProxy } from '../sandbox/egress/egress-proxy.js';
import { Jail } from '../sandbox/jail/jail.js';
import { type Listener, listenOnSocket } from '../sandbox/listener/listen.js';
import type { ModelAccess } from '../model-proxy/model-access.js';
import { ModelProxy } from '../model-proxy/model-proxy.service.js';
import type { RunJob } from './run-queue.js';
import type { TurnRecorder } from './turn-recorder.js';

/** What one run can reach of this runner, while it lives. */
export interface OpenedAccess {
  /** null: a setup script has no model. */
  model: ModelAccess | null;
  /** PEM of the authority that the run's commands have to trust; null: none. */
  authority: string | null;
  close(): Promise<void>;
}

/**
 * Opens the ways out of a run.
 *
 *     in a jail ──── the run's one socket ──► egress proxy; of a prompt: model proxy, too
 *     elsewhere ──── a token, of a prompt ──► model proxy; the network is the sandbox's to keep
 */
@Injectable()
export class RunAccess {
  constructor(
    private readonly jail: Jail,
    private readonly modelProxy: ModelProxy,
    private readonly egressProxy: EgressProxy,
  ) {}

  async open({ owner, input, network, traceparent }: RunJob, recorder: TurnRecorder): Promise<OpenedAccess> {
    const caller = { ...owner, network, traceparent: traceparent ?? null };
    const socket = await this.jail.runSocket(owner.runId);
    const egress = await this.egressProxy.open(network, recorder);
    let model: ModelAccess | null = null;
    let listener: Listener | null = null;
    if (input.kind === 'prompt') {
      model = await (socket === null
        ? this.modelProxy.open(caller, recorder)
        : this.modelProxy.openSocket(caller, recorder, socket, egress.handlers));
    } else if (socket !== null) {
      listener = await listenOnSocket(egress.handlers, socket.path);
    }
    return {
      model,
      authority: egress.authority,
      close: async () => {
        egress.close();
        await Promise.all([model?.revoke(), listener?.close()]);
      },
    };
  }
}
