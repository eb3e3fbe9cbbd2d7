import type { PikaciEvent } from '../../../domain/event.js';
import type { Colours } from './colours.js';
import { escapeMessage } from './escape-control.js';
import { formatDuration } from './quantities.js';

export interface NoticeOptions {
  /** Whether finished phases are worth a line: not where a status line shows them. */
  readonly phases: boolean;
  readonly colours: Colours;
}

/** What people are told about an event while the run goes on; null when that is nothing. */
export function eventNotice(event: PikaciEvent, { phases, colours }: NoticeOptions): string | null {
  switch (event.type) {
    case 'phase_finished': {
      const took = formatDuration(event.duration_ms);
      if (!event.ok) return `${event.phase} ${colours.red('failed')} after ${took}`;
      return phases ? `${event.phase} … ${took}` : null;
    }
    case 'warning':
      return `${colours.yellow('warning:')} ${escapeMessage(event.message)}`;
    case 'connection_lost':
      return `${colours.yellow('connection lost')} at byte ${event.log_offset} of the log: ${escapeMessage(event.message)}`;
    case 'connection_resumed':
      return `connected again, the log goes on at byte ${event.log_offset}`;
    case 'cleaned_up':
      return event.ok ? null : `${colours.yellow('clean-up failed:')} ${escapeMessage(event.message)}`;
    default:
      return null;
  }
}
