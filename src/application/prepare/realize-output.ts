import { err, ok, type Result } from 'neverthrow';
import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { PrepareConfig } from '../../domain/target/target-config.js';
import { hostSpace, isFull, spaceText } from '../directories/host-space.js';
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
  if (made.isErr()) return err(await orFullDisk(ports, node, { fault: made.error, call }));
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

/** What fails on a host without space is no failure of the node: it says nothing about what was to be made. */
async function orFullDisk(
  { shell }: PreparePorts,
  node: PrepareConfig,
  { fault, call }: { readonly fault: JobFault; readonly call: PrepareCall },
): Promise<JobFault> {
  if (fault.kind !== 'prepare_failed') return fault;
  for (const path of [call.workDir, ...(node.type === 'nixBuild' ? ['/nix/store'] : [])]) {
    const space = await hostSpace(shell, path, call.signal);
    if (space === null || !isFull(space)) continue;
    const message = `${fault.message}\nno space is left on the disk of ${path}: ${spaceText(space)} are free`;
    return { ...fault, kind: 'host_files', message };
  }
  return fault;
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
