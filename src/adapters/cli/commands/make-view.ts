import { resolve } from 'node:path';
import { canRedraw, coloursFor } from '../output/colours.js';
import { escapeLine } from '../output/escape-control.js';
import { JsonView } from '../output/json-view.js';
import { JsonlView } from '../output/jsonl-view.js';
import { type OuterCiChoice, outerCi } from '../output/outer-ci.js';
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
  /** A file that gets the failed tests as GitLab's report of code quality. */
  readonly codeQuality?: string;
  /** The CI system that reads the output. */
  readonly ci?: OuterCiChoice;
}

export async function makeView(options: ViewOptions, context: CliContext): Promise<RunView> {
  const { env, cwd } = context.input;
  const file = options.summary ?? env['GITHUB_STEP_SUMMARY'] ?? '';
  const summary = file === '' ? null : resolve(cwd, file);
  const codeQuality = options.codeQuality === undefined ? null : resolve(cwd, options.codeQuality);
  const { ci: choice = 'auto', output } = options;
  const isGithub = choice === 'github' || (choice === 'auto' && env['GITHUB_ACTIONS'] === 'true');
  // Behind the log, in which commands are off: two streams have no order. Standard output of the others is for a program.
  const stream = output === 'human' ? context.stdout : context.stderr;
  const annotate = isGithub ? (text: string) => void stream.write(text) : null;
  const view = await viewOf(options, context);
  return summary === null && codeQuality === null && annotate === null
    ? view
    : new ReportingView(view, { summary, codeQuality, annotate });
}

async function viewOf(options: ViewOptions, context: CliContext): Promise<RunView> {
  const { stdout, stderr } = context;
  const where = escapeLine(context.where);
  const { clock, isTerminal, screen, env, randomBytes } = context.input;
  switch (options.output) {
    case 'json':
      return new JsonView({ stdout, stderr, where });
    case 'jsonl':
      return new JsonlView({ stdout, stderr, where, clock });
    case 'human': {
      const facts = { env, isTerminal: isTerminal.stderr };
      const raw = options.raw === true;
      const outer = outerCi(options.ci ?? 'auto', { env, randomBytes, nowMs: () => clock.now() });
      const outputs = { stdout, stderr, clock, isTerminal, raw, where, colours: coloursFor(facts), outer };
      // Nothing can stand below a log that may move the cursor.
      if (!canRedraw(facts) || (raw && isTerminal.stdout)) return new PlainView(outputs);
      // What draws is loaded where there is something to draw on.
      const { LiveView } = await import('../output/live/live-view.js');
      return new LiveView({ ...outputs, screen });
    }
  }
}
