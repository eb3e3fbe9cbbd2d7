import { resolve } from 'node:path';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import { machineForImage } from '../../../../domain/config/runner-images.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { warningsTo } from '../../session/warnings-to.js';
import { runnerServices } from '../runner/runner-services.js';
import type { HostOptions } from '../with-pikaci.js';
import { type GitlabStage, gitlabStage, type StageEnd, systemFailed } from './gitlab-stage.js';

/** Where the scripts of a job are put: not below the builds, which are the job's. */
export const SCRIPTS_DIR = '/var/lib/pikaci-gitlab';
const RUNNER_PATH = '/usr/local/bin/gitlab-runner';

/** As root, with the directories of the job: any user may run its scripts. */
const MAKE_DIRECTORIES =
  'scripts=$1 && shift && mkdir -p -- "$scripts" "$@" && chmod 0777 -- "$@" && chmod 0711 -- "$scripts"';

/** `pikaci gitlab prepare`, the runner's `prepare_exec`: opens the machine of a job, which stays until `cleanup`. */
export function gitlabPrepareCommand(context: CliContext, options: HostOptions): Promise<number> {
  return gitlabStage(context, options, (stage) => prepare(context, stage));
}

async function prepare(context: CliContext, stage: GitlabStage): Promise<StageEnd> {
  const { call, machineId, loaded, pikaci } = stage;
  const { gitlab } = loaded.config;
  const kind = machineForImage(call.image, gitlab);
  if (kind === null) {
    const where = loaded.file ?? 'the configuration';
    complain(
      context,
      `the job asks for the image ${JSON.stringify(call.image)}, and no "match" of gitlab.images in ${where} is for it`,
    );
    return 'build_failed';
  }
  const services = runnerServices(call, gitlab, 'gitlab.services');
  if (services.isErr()) {
    complain(context, services.error);
    return 'build_failed';
  }
  const { signal } = context.interrupts;
  const { image, limits, instanceType, extraProfiles } = kind;
  const { runAsRoot = gitlab.user === undefined, user, leaseSecs } = gitlab;
  const opened = await pikaci.openMachine({
    id: machineId,
    ...(image === undefined ? {} : { image }),
    ...(user === undefined ? {} : { user }),
    runAsRoot,
    limits,
    instanceType,
    extraProfiles,
    leaseSecs,
    ...(services.value.length === 0 ? {} : { services: [...services.value] }),
    signal,
    events: warningsTo(context),
  });
  if (opened.isErr()) {
    const end = systemFailed(context, opened.error);
    return isServiceNotReady(opened.error) ? 'build_failed' : end;
  }
  const machine = opened.value;
  const fault = (await setUp(stage, machine, signal)) ?? (await leave(machine));
  if (fault !== null) {
    // `cleanup` would find it as well, and nobody may call that.
    await machine.release();
    return systemFailed(context, fault);
  }
  context.stdout.write(`pikaci: the machine ${machine.name} on ${pikaci.host}\n`);
  return 'passed';
}

async function setUp(
  { loaded, pikaci }: GitlabStage,
  machine: OpenMachine,
  signal: AbortSignal,
): Promise<OpenMachineFault | null> {
  const { buildsDir, cacheDir, runner } = loaded.config.gitlab;
  const made = await machine.run({
    id: 'prepare',
    command: ['/bin/sh', '-c', MAKE_DIRECTORIES, 'sh', SCRIPTS_DIR, buildsDir, cacheDir],
    runAsRoot: true,
    workingDirectory: '/',
    signal,
  });
  if (made.isErr()) return made.error;
  if (made.value.status !== 'passed') {
    const message = `${buildsDir} and ${cacheDir} could not be made in the machine: ${made.value.message}`;
    return { kind: 'transfer_failed', host: pikaci.host, message };
  }
  if (runner === undefined) return null;
  const sent = await machine.upload(resolve(loaded.baseDir, runner), RUNNER_PATH, { signal, asRoot: true });
  return sent.isErr() ? sent.error : null;
}

async function leave(machine: OpenMachine): Promise<OpenMachineFault | null> {
  const left = await machine.leave();
  return left.isErr() ? left.error : null;
}

/** What the job has said of its services does not come up: another try would end the same. */
function isServiceNotReady(fault: OpenMachineFault): boolean {
  return fault.kind === 'guest' && fault.phase === 'start_services';
}
