import { err, ok, type Result } from 'neverthrow';
import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { PrepareConfig } from '../../domain/target/target-config.js';
import type { JobFault } from '../faults/job-fault.js';
import { checkOutput } from './check-output.js';
import { commandOutput } from './command-output.js';
import { nixBuild } from './nix-output.js';
import { pathOutput } from './path-output.js';
import type { MadeOutput, PrepareCall, PreparePorts } from './prepare-call.js';

export interface RealizedOutput {
  readonly record: RealizedPreparedOutput;
  readonly cached: boolean;
}

/** Makes a prepared output, or finds it, and validates what it wants to have mounted. */
export async function realizeOutput(
  ports: PreparePorts,
  node: PrepareConfig,
  call: PrepareCall,
): Promise<Result<RealizedOutput, JobFault>> {
  const made = await makeOutput(ports, node, call);
  if (made.isErr()) return err(made.error);
  const { path, cached, installable, outputName, protocol, residency } = made.value;
  const manifest = await checkOutput(ports.hostFiles, { name: node.id, path }, call.signal);
  if (manifest.isErr()) return err(manifest.error);
  const record: RealizedPreparedOutput = {
    node_id: node.id,
    installable,
    output_name: outputName,
    protocol,
    residency,
    realized_path: path,
    exposures: manifest.value.mounts.map((mount) => ({
      kind: 'payload_mount',
      path: mount.guest_path,
      access: mount.read_only ? 'read_only' : 'read_write',
    })),
    requested_exposures: [],
    payload: manifest.value,
  };
  return ok({ record, cached });
}

function makeOutput(
  ports: PreparePorts,
  node: PrepareConfig,
  call: PrepareCall,
): Promise<Result<MadeOutput, JobFault>> {
  switch (node.type) {
    case 'nixBuild':
      return nixBuild(ports, node, call);
    case 'command':
      return commandOutput(ports, node, call);
    case 'path':
      return pathOutput(ports, node, call);
  }
}
