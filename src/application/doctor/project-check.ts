import { isWithin } from '../../domain/values/path-rules.js';
import type { IncusProject } from '../../ports/incus-types.js';
import { failed, passed, quoted } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

/** A restricted project refuses directories of the host unless it is told otherwise, and then may allow some paths only. */
export function checkProject(project: IncusProject, workDir: string): DoctorCheck {
  const name = quoted(project.name);
  if (project.config['restricted'] !== 'true') return passed('project', `${project.name} is there`);

  const disks = project.config['restricted.devices.disk'] ?? 'managed';
  if (disks !== 'allow') {
    return failed(
      'project',
      `${project.name} is restricted and refuses directories of the host (restricted.devices.disk=${disks})`,
      `incus project set ${name} restricted.devices.disk=allow restricted.devices.disk.paths=${quoted(workDir)}`,
    );
  }
  const allowed = (project.config['restricted.devices.disk.paths'] ?? '')
    .split(',')
    .map((path) => path.trim().replace(/(?<=.)\/+$/, ''))
    .filter((path) => path !== '');
  if (allowed.length > 0 && !allowed.some((prefix) => isWithin(prefix, workDir))) {
    const paths = [...allowed, workDir].join(',');
    return failed(
      'project',
      `${project.name} allows directories below ${allowed.join(', ')} only, and the work directory is ${workDir}`,
      `incus project set ${name} restricted.devices.disk.paths=${quoted(paths)}`,
    );
  }
  const where = allowed.length === 0 ? 'any path' : allowed.join(', ');
  return passed('project', `${project.name} is there; it is restricted, and allows disks from ${where}`);
}
