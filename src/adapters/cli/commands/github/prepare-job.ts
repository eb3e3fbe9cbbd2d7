import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import { machineForImage } from '../../../../domain/config/runner-images.js';
import type { HostDirectory } from '../../../../domain/machine/host-directory.js';
import type { ServiceSpecInput } from '../../../../domain/machine/service-spec.js';
import { complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { warningsTo } from '../../session/warnings-to.js';
import { complainOfFault } from '../machine/machine-session.js';
import { releaseMachine } from '../runner/release-machine.js';
import { runnerServices } from '../runner/runner-services.js';
import { machinesOf } from './cleanup-job.js';
import type { Hook } from './hook.js';
import type { HookService, PrepareJobArgs } from './hook-call.js';
import { jobMounts } from './job-mounts.js';
import { plantedLink } from './planted-link.js';
import { SCRIPTS_DIR } from './run-script-step.js';
import { runnerPrefix } from './runner-key.js';

/** Ends with this status where the C library is musl: the runner has a Node of its own for it. */
const IS_ALPINE = 42;
const SET_UP = `mkdir -p -m 0700 -- "$1" && if [ -e /etc/alpine-release ]; then exit ${IS_ALPINE}; fi`;

/** `prepare_job`: opens the machine of a job, which stays until `cleanup_job`, and says in the response file which it is. */
export async function prepareJob(
  hook: Hook,
  args: PrepareJobArgs,
  responseFile: string | null,
): Promise<number> {
  const { context, loaded, pikaci } = hook;
  const { signal } = context.interrupts;
  const refused = (why: string) => {
    complain(context, why);
    return EXIT.failed;
  };
  if (responseFile === null)
    return refused('responseFile is not there: the runner has to say where its answer is to be');
  const asked = await askedOf(hook, args);
  if (asked.isErr()) return refused(asked.error);
  const { image, services, directories, written, owner } = asked.value;
  // A call of this runner that was killed may have left one: it has one job at a time.
  const before = await machinesOf(hook, responseFile);
  for (const id of before.unwrapOr([])) await releaseMachine(pikaci, id, signal);
  // Behind it: nobody writes there now.
  const link = await plantedLink(
    directories.map(({ source }) => source),
    written,
  );
  if (link !== null)
    return refused(
      `${link} is a link, or lies behind one, in a directory that jobs write into: a job may have put it there to get what it leads to. Look where it leads, and remove it; a directory elsewhere is named to the runner by a variable of its .env (RUNNER_TOOL_CACHE)`,
    );
  const id = `${runnerPrefix(responseFile)}${Buffer.from(context.input.randomBytes(4)).toString('hex')}`;
  const opened = await pikaci.openMachine({
    id,
    ...image,
    runAsRoot: true,
    leaseSecs: loaded.config.github.leaseSecs,
    hostDirectories: [...directories],
    hostOwner: owner,
    ...(services.length === 0 ? {} : { services: [...services] }),
    signal,
    events: warningsTo(context),
  });
  if (opened.isErr()) {
    const code = complainOfFault(context, opened.error);
    const missing = await missingRanges(owner);
    if (missing.length > 0)
      complain(
        context,
        `the machine's root is to be the user ${owner.uid} of this host, which ${missing.join(' and ')} must allow: add the line "root:ID:1", with ${owner.uid} for users and ${owner.gid} for groups`,
      );
    return code;
  }
  const machine = opened.value;
  const isAlpine = await setUp(hook, machine);
  if (isAlpine.isErr()) {
    await machine.release();
    return refused(isAlpine.error);
  }
  const { environmentVariables: environment = {}, portMappings = [] } = args.container ?? {};
  const container = { id: machine.name, network: id, ports: portsOf(portMappings) };
  const answer = {
    state: { machine: id, environment: { GITHUB_ACTIONS: 'true', CI: 'true', ...environment } },
    context: {
      container,
      services: args.services.map(({ contextName, image: named, portMappings: ports }) => ({
        id: `${machine.name}/${contextName ?? named ?? ''}`,
        network: id,
        ports: portsOf(ports),
      })),
    },
    isAlpine: isAlpine.value,
  };
  const left = await machine.leave();
  if (left.isErr()) complain(context, `the lease of ${id} was not renewed: ${left.error.message}`);
  try {
    await writeWhole(responseFile, JSON.stringify(answer));
  } catch (error) {
    await releaseMachine(pikaci, id, signal);
    return refused(`the response file could not be written: ${(error as Error).message}`);
  }
  context.stdout.write(`pikaci: the machine ${machine.name} on ${pikaci.host}\n`);
  return EXIT.passed;
}

interface Asked {
  readonly image: { readonly image?: string; readonly limits: object; readonly extraProfiles: string[] };
  readonly services: readonly ServiceSpecInput[];
  readonly directories: readonly HostDirectory[];
  /** Those of the host that one job or another may write into. */
  readonly written: readonly string[];
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** What the job asks for, as the configuration lets it have it. An error is a sentence for the job's log. */
async function askedOf(
  { context, loaded }: Hook,
  { container, services }: PrepareJobArgs,
): Promise<Result<Asked, string>> {
  const { github } = loaded.config;
  if (container === null || !container.image)
    return err(
      'the job has no "container:", and would run on the host itself; set ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER=true for this runner, and give the job one',
    );
  const kind = machineForImage(container.image, github);
  if (kind === null)
    return err(
      `the job asks for the image ${JSON.stringify(container.image)}, and no "match" of github.images in ${loaded.file ?? 'the configuration'} is for it`,
    );
  const found = runnerServices(
    { services: services.map(serviceOf), variable: (name) => container.environmentVariables[name] },
    github,
    'github.services',
  );
  if (found.isErr()) return err(found.error);
  const { systemMountVolumes: system, userMountVolumes: user } = container;
  const directories = jobMounts({ system, user }, github);
  if (directories.isErr()) return err(directories.error);
  const own = jobMounts({ system, user: [] }, github)
    .unwrapOr([])
    .filter(({ readOnly }) => !readOnly);
  for (const { userMountVolumes, contextName } of services)
    if (userMountVolumes.length > 0)
      return err(`the service ${contextName} asks for "volumes:", and a service has none`);
  if (
    [container, ...services].some(
      ({ createOptions }) => createOptions !== null && createOptions.trim() !== '',
    )
  )
    complain(
      context,
      'warning: "options:" of a container are Docker\'s, and count for nothing here: "limits" and "ready" are in the configuration',
    );
  const owner = await ownerOf(own);
  if (owner.isErr()) return err(owner.error);
  const { image, limits, extraProfiles } = kind;
  return ok({
    image: { ...(image === undefined ? {} : { image }), limits, extraProfiles },
    services: found.value,
    directories: directories.value,
    written: [...own.map(({ source }) => source), ...github.volumes],
    owner: owner.value,
  });
}

const serviceOf = ({
  contextName,
  image,
  entryPoint,
  entryPointArgs,
  environmentVariables,
}: HookService) => ({
  name: image ?? '',
  alias: contextName,
  entrypoint: entryPoint === null || entryPoint === '' ? null : [entryPoint],
  command: entryPointArgs,
  variables: Object.entries(environmentVariables).map(([key, value]) => ({ key, value })),
});

/** Whose the runner's work directory is: that user is the machine's root, whoever has what the workflow names. */
async function ownerOf(
  own: readonly HostDirectory[],
): Promise<Result<{ readonly uid: number; readonly gid: number }, string>> {
  const [work] = own;
  if (work === undefined) return err('container.systemMountVolumes has no directory that the job may write');
  try {
    const { uid, gid } = await stat(work.source);
    if (uid !== 0 && gid !== 0) return ok({ uid, gid });
    return err(
      `${work.source} is root's: let the runner be an ordinary user, whom the root of the machine stands for in its directories`,
    );
  } catch (error) {
    return err(`the runner's directory cannot be read: ${(error as Error).message}`);
  }
}

async function setUp({ context }: Hook, machine: OpenMachine): Promise<Result<boolean, string>> {
  const { signal } = context.interrupts;
  const made = await machine.run({
    id: 'prepare',
    command: ['/bin/sh', '-c', SET_UP, 'sh', SCRIPTS_DIR],
    workingDirectory: '/',
    signal,
  });
  if (made.isErr()) return err(made.error.message);
  const { status, exitCode, message } = made.value;
  if (status === 'passed') return ok(false);
  return exitCode === IS_ALPINE ? ok(true) : err(`the machine could not be set up: ${message}`);
}

/** The number that the service listens on, by itself: it is reached by its name, and needs no port of the host. */
function portsOf(mappings: readonly string[]): Record<string, string> {
  const ports = mappings.flatMap((mapping) => /(?:^|:)([0-9]+)(?:\/[a-z]+)?$/.exec(mapping)?.[1] ?? []);
  return Object.fromEntries(ports.map((port) => [port, port]));
}

/** Which of the two files of the host do not let root hand that user to a container. Source: subuid(5). */
async function missingRanges({
  uid,
  gid,
}: {
  readonly uid: number;
  readonly gid: number;
}): Promise<string[]> {
  const asked = [
    ['/etc/subuid', uid],
    ['/etc/subgid', gid],
  ] as const;
  const missing = await Promise.all(
    asked.map(async ([file, id]) => {
      const text = await readFile(file, 'utf8').catch(() => '');
      const isIn = text.split('\n').some((line) => {
        const [name, first, count] = line.split(':');
        return (name === 'root' || name === '0') && id >= Number(first) && id < Number(first) + Number(count);
      });
      return isIn ? [] : [file];
    }),
  );
  return missing.flat();
}

/** The runner reads it when this process has ended, however that was: it is there as a whole or as it was. */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  try {
    await writeFile(beside, text, { mode: 0o600 });
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}
