import type { HostsView } from '../../../../application/hosts/hosts-view.js';
import type { OpenTerminal } from '../../../../application/machine/guest-shell.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import type { StateOptions } from '../state-root.js';
import { loadOrComplain } from '../with-pikaci.js';
import { HostsLook } from './hosts-look.js';

export interface OpenViews extends AsyncDisposable {
  readonly stateRoot: string;
  readonly hosts: HostsView;
  readonly terminal: OpenTerminal;
}

/** What `pikaci serve --hosts` looks at hosts with, and `--terminal` opens shells. The problems of its configuration are told. */
export async function openViews(context: CliContext, options: StateOptions): Promise<OpenViews | 'refused'> {
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return 'refused';
  const { config, baseDir, workspace } = loaded;
  const created = context.input.createPikaci(config, { baseDir, workspace, env: context.input.env });
  if (created.isErr()) {
    complain(context, created.error.message);
    return 'refused';
  }
  const pikaci = created.value;
  const hosts = new HostsLook(context, pikaci);
  const terminal: OpenTerminal = ({ runId, jobId, ...call }) => {
    complain(context, `a terminal in ${runId}/${jobId}: its page asked for it`);
    return pikaci.shell(runId, jobId, call);
  };
  return {
    stateRoot: config.stateRoot,
    hosts,
    terminal,
    [Symbol.asyncDispose]: async () => {
      await hosts[Symbol.asyncDispose]();
      await pikaci.close();
    },
  };
}
