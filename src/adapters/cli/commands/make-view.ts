import { canRedraw, coloursFor } from '../output/colours.js';
import { JsonView } from '../output/json-view.js';
import { JsonlView } from '../output/jsonl-view.js';
import { PlainView } from '../output/plain-view.js';
import type { RunView } from '../output/run-view.js';
import type { CliContext } from '../session/cli-context.js';

export type OutputFormat = 'human' | 'json' | 'jsonl';

export async function makeView(format: OutputFormat, context: CliContext): Promise<RunView> {
  const { stdout, stderr } = context;
  const { clock, isTerminal, screen, env } = context.input;
  switch (format) {
    case 'json':
      return new JsonView({ stdout, stderr });
    case 'jsonl':
      return new JsonlView({ stdout, stderr, clock });
    case 'human': {
      const facts = { env, isTerminal: isTerminal.stderr };
      const outputs = { stdout, stderr, clock, isTerminal, colours: coloursFor(facts) };
      if (!canRedraw(facts)) return new PlainView(outputs);
      // What draws is loaded where there is something to draw on.
      const { LiveView } = await import('../output/live/live-view.js');
      return new LiveView({ ...outputs, screen });
    }
  }
}
