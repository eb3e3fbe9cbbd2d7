import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { type BenchHost, benchHost } from './host.js';
import { type BenchOptions, benchOptions, USAGE } from './options.js';
import { measureRounds, type PlannedRow, summaries } from './rounds.js';
import { bareApiRow } from './rows/bare-api.js';
import { cachedJobRow } from './rows/cached-job.js';
import { dockerRunRow } from './rows/docker-run.js';
import { earlierWayRow } from './rows/earlier-way.js';
import { manyJobsRow } from './rows/many-jobs.js';
import { microvmByHandRow } from './rows/microvm-by-hand.js';
import { pikaciColdRow } from './rows/pikaci-cold.js';
import { secondStepRow } from './rows/second-step.js';
import { stagingRow } from './rows/staging.js';
import { startUpRow } from './rows/start-up.js';
import { templateJobRow } from './rows/template-job.js';
import { warmJobRow } from './rows/warm-job.js';
import { table } from './table.js';
import { targets } from './targets.js';
import { measureThroughput } from './throughput/measure.js';
import { type BenchPlace, benchPlace } from './workspace.js';

const startedAt = new Date();
let options: BenchOptions;
try {
  options = benchOptions(process.argv.slice(2), startedAt);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exit(2);
}
const host = options.needsHost ? await benchHost() : null;
using place = benchPlace();
const loadBefore = loadavg();
const samples = await rounds(host, place, options);
const throughput =
  host !== null && options.logRounds > 0
    ? await measureThroughput(host, options.logBytes, options.logRounds)
    : null;
const rows = Object.fromEntries(Object.entries(samples).map(([name, of]) => [name, summaries(of)]));
const found = targets(rows, throughput);

console.log(table(rows, throughput, found));
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
  loadBefore,
  loadAfter: loadavg(),
};
const report = { schema_version: 1, startedAt, machine, targets: found, rows, throughput, samples };
await mkdir(dirname(options.out), { recursive: true });
await writeFile(options.out, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\nwritten to ${options.out}`);

async function rounds(
  of: BenchHost | null,
  at: BenchPlace,
  { only, rounds: most, roundsD, roundsVm, roundsI, roundsK, roundsN }: BenchOptions,
) {
  const onHost = (of: BenchHost): readonly PlannedRow[] => [
    { row: bareApiRow(of), rounds: most },
    { row: pikaciColdRow(of, at, { name: 'b', backend: 'incus' }), rounds: most },
    { row: dockerRunRow(of), rounds: most },
    { row: earlierWayRow(of), rounds: roundsD },
    { row: secondStepRow(of, at), rounds: most },
    { row: microvmByHandRow(of, at), rounds: roundsVm },
    { row: pikaciColdRow(of, at, { name: 'f', backend: 'microvm' }), rounds: roundsVm },
    { row: stagingRow(of, at), rounds: roundsI },
    { row: cachedJobRow(of, at), rounds: roundsK },
    { row: warmJobRow(of, at), rounds: most },
    { row: templateJobRow(of, at), rounds: most },
    { row: manyJobsRow(of, at), rounds: roundsN },
  ];
  const all = [...(of === null ? [] : onHost(of)), { row: startUpRow(), rounds: most }];
  try {
    const planned = all.filter(({ row, rounds }) => only.has(row.name) && rounds > 0);
    return await measureRounds(planned, (done, total) => console.error(`round ${done} of ${total}`));
  } finally {
    for (const { row } of all) await row[Symbol.asyncDispose]();
  }
}
