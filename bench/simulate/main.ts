import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { simulateOptions, USAGE } from './options.js';
import { type Cost, shortfalls } from './shortfalls.js';
import { type SimulationReport, type SimulationSize, simulate } from './simulate.js';

const size = optionsOrExit();
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

// What a quarter of it takes tells whether the whole takes more for each job.
const quarter = await measured({ ...size, jobs: Math.max(20, Math.round(size.jobs / 4)) });
const whole = await measured(size);
const { wrong, starved, ...figures } = whole.report;
console.log(JSON.stringify({ ...size, ...figures }, null, 2));
console.log(`for each job: ${costText(whole.cost)}; with a quarter of the jobs: ${costText(quarter.cost)}`);
const short = shortfalls({ report: whole.report, cost: whole.cost, quarter: quarter.cost });
for (const what of short) console.error(`NOT MET: ${what}`);
if (short.length === 0) console.log('all bounds are met');
process.exitCode = short.length === 0 ? 0 : 1;

async function measured(
  of: SimulationSize,
): Promise<{ readonly report: SimulationReport; readonly cost: Cost }> {
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  const cpuBefore = process.cpuUsage();
  let toldMs = performance.now();
  let heap = heapBefore;
  const report = await simulate(of, (ended, runs) => {
    if (ended === runs) {
      collectGarbage();
      heap = process.memoryUsage().heapUsed;
    }
    if (performance.now() - toldMs < 10_000) return;
    toldMs = performance.now();
    console.error(`${ended} of ${runs} runs have ended`);
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  const cost = { cpuMs: (user + system) / 1000 / of.jobs, heapBytes: (heap - heapBefore) / of.jobs };
  return { report, cost };
}

function costText({ cpuMs, heapBytes }: Cost): string {
  return `${cpuMs.toFixed(1)} ms of a processor and ${(heapBytes / 1024).toFixed(1)} KiB of memory`;
}

function optionsOrExit(): SimulationSize {
  try {
    return simulateOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}
