import type { EventSink } from '../../../ports/event-sink.js';
import { escapeMessage } from '../output/escape-control.js';
import type { CliContext } from './cli-context.js';

/** Says on standard error what the library warns of, and nothing else of what happens. */
export function warningsTo({ stderr }: CliContext): EventSink {
  return {
    emit: (event) => {
      if (event.type === 'warning') stderr.write(`pikaci: ${escapeMessage(event.message)}\n`);
    },
  };
}
