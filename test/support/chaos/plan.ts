import type { TargetConfigInput } from '../../../src/index.js';
import { fill } from '../nix-output.js';
import type { Random } from './random.js';

/** A job whose every byte and whose end are known before it runs. */
export interface PlannedJob {
  readonly id: string;
  readonly log: string;
  readonly exitCode: number;
  readonly artifact: string;
}

export interface PlannedRun {
  readonly target: TargetConfigInput;
  readonly jobs: readonly PlannedJob[];
  readonly prepares: boolean;
}

const PRINTS = `p() { awk -v name="$1" -v from="$2" -v to="$3" 'BEGIN { for (i = from; i < to; i++) printf "%s line %05d\\n", name, i }'; }; `;

/** A prepare node, and three jobs: one by itself, one of two steps that needs the node, and one that needs the first. */
export function planRun(random: Random, round: number, backend: 'incus' | 'microvm'): PlannedRun {
  const prepares = random.chance(0.9);
  const exitCode = () => (random.chance(0.6) ? 0 : random.whole(1, 10));
  const first = says(random, 'a');
  const one = says(random, 'b');
  const two = says(random, 'b', one.end);
  const last = says(random, 'c');
  const [endOfA, endOfB, endOfC] = [exitCode(), exitCode(), exitCode()];
  const common = { timeoutSecs: backend === 'incus' ? 60 : 300, artifacts: ['/artifacts/made'] };
  const ends = (id: string, code: number) => `echo ${id} of ${round} >/artifacts/made; exit ${code}`;
  const job = (id: string, log: string, code: number): PlannedJob => ({
    id,
    log,
    exitCode: code,
    artifact: `${id} of ${round}\n`,
  });
  return {
    prepares,
    target: {
      prepare: [
        {
          id: 'made',
          type: 'command',
          command: `sleep ${seconds(random, 0.5)}; ${prepares ? '' : 'exit 3; '}${fill('made', '$PIKACI_OUTPUT', `echo "made for ${round}"`)}`,
        },
      ],
      jobs: [
        { id: 'a', command: `${PRINTS}${first.text}${ends('a', endOfA)}`, ...common },
        {
          id: 'b',
          dependsOn: ['made'],
          ...common,
          steps: [
            { name: 'one', command: `cat /opt/made/data; ${PRINTS}${one.text}` },
            { name: 'two', command: `${PRINTS}${two.text}${ends('b', endOfB)}` },
          ],
        },
        { id: 'c', dependsOn: ['a'], command: `${PRINTS}${last.text}${ends('c', endOfC)}`, ...common },
      ],
    },
    jobs: [
      job('a', first.log, endOfA),
      job('b', `made for ${round}\n${one.log}${two.log}`, endOfB),
      job('c', last.log, endOfC),
    ],
  };
}

/** A few bursts of lines with pauses between them. */
function says(random: Random, name: string, from = 0): { text: string; log: string; end: number } {
  let [text, log, end] = ['', '', from];
  for (let burst = random.whole(1, 6); burst > 0; burst--) {
    const to = end + random.whole(1, random.chance(0.2) ? 4_000 : 200);
    text += `p ${name} ${end} ${to}; sleep ${seconds(random, 0.4)}; `;
    for (let i = end; i < to; i++) log += `${name} line ${String(i).padStart(5, '0')}\n`;
    end = to;
  }
  return { text, log, end };
}

const seconds = (random: Random, most: number) => random.between(0, most).toFixed(2);
