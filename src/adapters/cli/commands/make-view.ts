import { resolve } from 'node:path';
import { canRedraw, coloursFor } from '../output/colours.js';
import { escapeLine } from '../output/escape-control.js';
import { JsonView } from '../output/json-view.js';
import { JsonlView } from '../output/jsonl-view.js';
import { PlainView } from '../output/plain-view.js';
import { ReportingView } from '../output/reporting-view.js';
import type { RunView } from '../output/run-view.js';
import type { CliContext } from '../session/cli-context.js';
import type { RawOption } from './log-output.js';

type OutputFormat = 'human' | 'json' | 'jsonl';

export interface ViewOptions extends RawOption {
  readonly output: OutputFormat;
  /** A file that gets the run in Markdown behind what it has. */
  readonly summary?: string;
}

export async function makeView(options: ViewOptions, context: CliContext): Promise<RunView> {
  const { env, cwd } = context.input;
  const file = options.summary ?? env['GITHUB_STEP_SUMMARY'] ?? '';
  const summary = file === '' ? null : resolve(cwd, file);
  const annotate =
    env['GITHUB_ACTIONS'] === 'true' ? (text: string) => void context.stderr.write(text) : null;
  const view = await viewOf(options, context);
  return summary === null && annotate === null ? view : new ReportingView(view, { summary, annotate });
}

async function viewOf(options: ViewOptions, context: CliContext): Promise<RunView> {
  const { stdout, stderr } = context;
  const where = escapeLine(context.where);
  const { clock, isTerminal, screen, env } = context.input;
  switch (options.output) {
    case 'json':
      return new JsonView({ stdout, stderr, where });
    case 'jsonl':
      return new JsonlView({ stdout, stderr, where, clock });
    case 'human': {
      const facts = { env, isTerminal: isTerminal.stderr };
      const raw = options.raw === true;
      const outputs = { stdout, stderr, clock, isTerminal, raw, where, colours: coloursFor(facts) };
      // Nothing can stand below a log that may move the cursor.
      if (!canRedraw(facts) || (raw && isTerminal.stdout)) return new PlainView(outputs);
      // What draws is loaded where there is something to draw on.
      const { LiveView } = await import('../output/live/live-view.js');
      return new LiveView({ ...outputs, screen });
    }
  }
}
