import { MemoryHost, type MemoryHostOptions } from '../../../../src/adapters/memory/memory-host.js';
import { MemoryShell } from '../../../../src/adapters/memory/memory-shell.js';
import type { Pikaci } from '../../../../src/application/api/pikaci.js';
import type { RunTargetInput, TargetRun } from '../../../../src/application/target/target-run.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import type { RunEvent } from '../../../../src/domain/events/run-event.js';
import { type PlanRecord, planRecordSchema } from '../../../../src/domain/records/plan-record.js';
import {
  type PreparedOutputsRecord,
  preparedOutputsRecordSchema,
} from '../../../../src/domain/records/prepared-outputs-record.js';
import { type RunRecord, runRecordSchema } from '../../../../src/domain/records/run-record.js';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';

export const WORKSPACE = '/srv/tree';

/** A runner and a host in memory, with one target. */
export class TargetInMemory {
  readonly events: (PikaciEvent | RunEvent)[] = [];
  readonly localShell = new MemoryShell('local');
  readonly pikaci: Pikaci;

  private constructor(
    readonly host: MemoryHost,
    target: TargetConfigInput,
    env: Record<string, string>,
  ) {
    this.pikaci = must(
      createPikaci(
        { host: 'local', workDir: '/var/pikaci', stateRoot: '/state', targets: { t: target } },
        { adapters: { ...host.adapters, localShell: this.localShell }, env },
      ),
    );
  }

  static async of(
    target: TargetConfigInput,
    options: MemoryHostOptions & { readonly env?: Record<string, string> } = {},
  ): Promise<TargetInMemory> {
    const host = new MemoryHost(options);
    await host.setWorkspace(WORKSPACE, {
      'src/main.rs': { content: 'fn main() {}\n' },
      'docs/a.md': { content: '# a\n' },
    });
    return new TargetInMemory(host, target, options.env ?? {});
  }

  /** Runs the target to its end, the removal of its machines included. */
  async run(more: Partial<RunTargetInput> = {}): Promise<TargetRun> {
    const run = must(await this.start(more));
    must(await run.cleanUp);
    return run;
  }

  start(more: Partial<RunTargetInput> = {}) {
    const take = (event: PikaciEvent | RunEvent) => void this.events.push(event);
    const events = { emit: take, emitRun: take };
    return this.pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId: 'run', events, ...more });
  }

  record(runId = 'run'): Promise<RunRecord> {
    return this.#json(`${runId}/run.json`).then((json) => runRecordSchema.parse(json));
  }

  plan(runId = 'run'): Promise<PlanRecord> {
    return this.#json(`${runId}/plan.json`).then((json) => planRecordSchema.parse(json));
  }

  outputs(runId = 'run'): Promise<PreparedOutputsRecord> {
    return this.#json(`${runId}/prepared-outputs.json`).then((json) =>
      preparedOutputsRecordSchema.parse(json),
    );
  }

  async text(name: string): Promise<string> {
    return Buffer.from(must(await this.host.localFiles.readFile(`/state/runs/${name}`))).toString('utf8');
  }

  /** Node ids and statuses in the order in which nodes ended. */
  ends(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'node_finished' ? [`${event.node_id} ${event.status}`] : [],
    );
  }

  /** An output root on the host, with a manifest that mounts it at `guestPath`. */
  async writeOutput(path: string, guestPath: string): Promise<void> {
    const { hostFiles } = this.host;
    must(await hostFiles.makeDirectory(`${path}/share/pikaci`));
    const mounts = [{ name: 'root', relative_path: '.', guest_path: guestPath, read_only: true }];
    const manifest = JSON.stringify({ schema_version: 1, kind: 'test', mounts });
    must(await hostFiles.writeFile(`${path}/share/pikaci/payload-manifest.json`, Buffer.from(manifest)));
  }

  async #json(name: string): Promise<unknown> {
    return JSON.parse(await this.text(name));
  }
}
