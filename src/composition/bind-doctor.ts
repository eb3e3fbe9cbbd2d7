import type { Container } from 'inversify';
import { Doctor } from '../application/doctor/doctor.js';
import { bindTo } from './bind-to.js';
import { ids } from './identifiers.js';

/** What looks at a host; the services that it looks with are bound beside it. */
export function bindDoctor(container: Container): void {
  bindTo(
    container,
    ids.doctor,
    (
      { shell, hostFiles, localFiles, incus, clock },
      settings,
      microvmHost,
      openMachines,
      workDirectory,
      warmPool,
      { targets, env },
    ) =>
      new Doctor({
        warmPool,
        workDirectory,
        openMachine: (input) => openMachines.open(input),
        shell,
        files: hostFiles,
        localFiles,
        incus,
        microvmHost,
        clock,
        settings: {
          backend: settings.backend,
          microvm: settings.microvm,
          inherit: settings.inherit,
          trust: settings.trust,
          limits: settings.incusLimits,
          project: settings.incusProject,
          profile: settings.incusProfile,
          imageAlias: settings.incusImageAlias,
          workDir: settings.workDir,
          stateRoot: settings.stateRoot,
          searchPath: (env['PATH'] ?? '').split(':').filter((path) => path.startsWith('/')),
          warm: settings.warm,
          templates: Object.values(targets).flatMap(({ templates }) => Object.keys(templates)),
        },
      }),
    [
      ids.ports,
      ids.settings,
      ids.microvmHost,
      ids.openMachines,
      ids.workDirectory,
      ids.warmPool,
      ids.targets,
    ],
  );
}
