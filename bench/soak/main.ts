import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { benchHost } from '../host.js';
import { benchPlace } from '../workspace.js';
import type { Growth } from './growth.js';
import { soakOptions, USAGE } from './options.js';
import { type SoakReport, soak } from './soak.js';

const startedAt = new Date();
const options = optionsOrExit();
const host = await benchHost();
using place = benchPlace();
const workDir = `${host.workDir}/soak-${startedAt.getTime()}`;
const report = await soak({ ...host, workDir }, place, options, ({ jobs, counts }) =>
  console.error(`${jobs} of ${options.jobs} jobs: ${JSON.stringify(counts)}`),
);
for (const what of report.wrong) console.error(what);
console.log(verdict(report));
await mkdir(dirname(options.out), { recursive: true });
const document = { schema_version: 1, startedAt, node: process.version, options, ...report };
await writeFile(options.out, `${JSON.stringify(document, null, 2)}\n`);
console.log(`written to ${options.out}`);
const hasGrown = report.growth?.some(({ grows }) => grows) ?? false;
process.exitCode = report.wrong.length > 0 || hasGrown ? 1 : 0;

function optionsOrExit() {
  try {
    return soakOptions(process.argv.slice(2), startedAt);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function verdict({ growth, samples, wrong }: SoakReport): string {
  const ended = `${samples.at(-1)?.jobs ?? 0} jobs ended, ${wrong.length} of them wrong`;
  if (growth === null)
    return `${ended}; too few samples from job ${options.from} on to tell whether anything grows`;
  const line = ({ what, medians, allowed, grows }: Growth) =>
    `${grows ? 'GROWS' : 'flat '} ${what}: ${medians.join(', ')} (by ${allowed} at most)`;
  return [`${ended}; medians of each third from job ${options.from} on:`, ...growth.map(line)].join('\n');
}
