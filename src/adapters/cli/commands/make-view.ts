import type { CliContext } from '../cli-context.js';
import { HumanView } from '../output/human-view.js';
import { JsonView } from '../output/json-view.js';
import { JsonlView } from '../output/jsonl-view.js';
import type { RunView } from '../output/run-view.js';

export type OutputFormat = 'human' | 'json' | 'jsonl';

export function makeView(format: OutputFormat, context: CliContext): RunView {
  const { stdout, stderr } = context;
  const { clock, isTerminal, columns, env } = context.input;
  switch (format) {
    case 'json':
      return new JsonView({ stdout, stderr });
    case 'jsonl':
      return new JsonlView({ stdout, stderr, clock });
    case 'human':
      return new HumanView({ stdout, stderr, clock, isTerminal, columns, env });
  }
}
