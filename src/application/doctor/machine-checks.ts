import type { FileStore } from '../../ports/file-store.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusDevice, IncusProfile } from '../../ports/incus-types.js';
import { checkIsolation } from '../machine/incus/isolation.js';
import { whyDirForgets } from '../machine/incus/kept-disk-limit.js';
import { whyWholeCopies } from '../machine/incus/whole-copies.js';
import type { JobSettings } from '../settings/job-settings.js';
import { failed, passed, quoted, skipped, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';
import { describeFault } from './incus-check.js';
import { checkProject } from './project-check.js';

export interface MachineSettings {
  readonly project: string;
  readonly profile: string;
  readonly imageAlias: string;
  /** Absolute directory on the host. */
  readonly workDir: string;
  readonly trust: JobSettings['trust'];
  readonly limits: JobSettings['incusLimits'];
}

/** The parts on the host that a machine is made of. */
export class MachineChecks {
  readonly #incus: IncusApi;
  readonly #settings: MachineSettings;
  readonly #hostFiles: FileStore;

  constructor(incus: IncusApi, settings: MachineSettings, hostFiles: FileStore) {
    this.#incus = incus;
    this.#settings = settings;
    this.#hostFiles = hostFiles;
  }

  async project(signal: AbortSignal): Promise<DoctorCheck> {
    const { project, workDir } = this.#settings;
    const found = await this.#incus.project(project, { signal });
    if (found.isErr()) {
      return this.#missing('project', found.error, `incus project create ${quoted(project)}`);
    }
    return checkProject(found.value.value, workDir);
  }

  async image(signal: AbortSignal): Promise<DoctorCheck> {
    const { project, imageAlias } = this.#settings;
    const found = await this.#incus.imageAlias(project, imageAlias, { signal });
    if (found.isErr()) {
      const remedy = `incus image copy images:debian/12 local: --alias ${quoted(imageAlias)} --target-project ${quoted(project)}`;
      return this.#missing('image', found.error, remedy);
    }
    return passed('image', `${imageAlias} is ${found.value.fingerprint.slice(0, 12)}`);
  }

  /** The profile's root disk says which pool is used, so the two are looked at together. */
  async profileAndPool(signal: AbortSignal): Promise<readonly [DoctorCheck, DoctorCheck]> {
    const { project, profile, limits } = this.#settings;
    const found = await this.#incus.profile(project, profile, { signal });
    if (found.isErr()) {
      const remedy = `incus profile create ${quoted(profile)} --project ${quoted(project)}`;
      return [this.#missing('profile', found.error, remedy), skipped('storage_pool', 'no profile')];
    }
    const root = Object.entries(found.value.value.devices).find(([, device]) => isRootDisk(device));
    if (root === undefined) {
      const remedy = `incus profile device add ${quoted(profile)} root disk path=/ pool=default --project ${quoted(project)}`;
      return [
        failed('profile', `${profile} has no root disk (a disk device with the path / and a pool)`, remedy),
        skipped('storage_pool', 'the profile names none'),
      ];
    }
    const open = await this.#whyOpen(found.value.value, signal);
    const [deviceName, device] = root;
    const pool = device['pool'] ?? '';
    return [
      open ??
        passed(
          'profile',
          `${profile} has a root disk on the pool ${pool}${device['size'] === undefined && limits.disk === undefined ? ', without a limit (incus.limits.disk)' : ''}`,
        ),
      await this.#pool(pool, deviceName, signal),
    ];
  }

  /** Untrusted runs are refused by a profile whose machines reach the host or each other. */
  async #whyOpen(found: IncusProfile, signal: AbortSignal): Promise<DoctorCheck | null> {
    const { project: incusProject, profile: incusProfile, trust } = this.#settings;
    if (trust !== 'untrusted') return null;
    const isolated = await checkIsolation(this.#incus, { incusProject, incusProfile }, found, signal);
    if (isolated.isOk()) return null;
    const show = `incus profile show ${quoted(incusProfile)} --project ${quoted(incusProject)}`;
    return failed('profile', isolated.error.message, show);
  }

  async #pool(pool: string, device: string, signal: AbortSignal): Promise<DoctorCheck> {
    const { project, profile, limits } = this.#settings;
    const found = await this.#incus.storagePool(pool, { signal });
    if (found.isErr()) {
      return this.#missing(
        'storage_pool',
        found.error,
        `incus storage create ${quoted(pool)} btrfs size=30GiB`,
      );
    }
    const wholeCopies = whyWholeCopies(found.value);
    if (wholeCopies === null) return passed('storage_pool', `${pool} uses ${found.value.driver}`);
    const remedy = `incus storage create fast btrfs size=30GiB && incus profile device set ${quoted(profile)} ${quoted(device)} pool=fast --project ${quoted(project)}`;
    const isDir = found.value.driver === 'dir';
    const forgets = isDir ? await whyDirForgets(this.#hostFiles, found.value, signal) : null;
    const { disk } = limits;
    if (forgets !== null && disk !== undefined)
      return failed(
        'storage_pool',
        `incus.limits.disk is ${disk}, and containers with it are refused: ${forgets}`,
        remedy,
      );
    const slow = `${pool} uses ${wholeCopies}, which copies all bytes of the image, or of its template, for every machine: seconds instead of a fifth of one`;
    const refused =
      forgets === null ? '' : '; containers with limits.disk are refused, for nothing there would bound them';
    return warned('storage_pool', `${slow}${refused}`, remedy);
  }

  /** `create` is the remedy when the thing is simply not there. */
  #missing(name: DoctorCheck['name'], fault: IncusFault, create: string): DoctorCheck {
    if (fault.kind === 'not_found') return failed(name, `not found: ${fault.message}`, create);
    const list = { project: 'project', image: 'image', storage_pool: 'storage' }[name as string] ?? 'profile';
    return failed(
      name,
      describeFault(fault),
      `incus ${list} list --project ${quoted(this.#settings.project)}`,
    );
  }
}

function isRootDisk(device: IncusDevice): boolean {
  return device['type'] === 'disk' && device['path'] === '/' && (device['pool'] ?? '') !== '';
}
