import type { PikaciEvent } from '../../../domain/events/event.js';
import type { RunEvent } from '../../../domain/events/run-event.js';
import { CACHE_HIT_WORDS } from '../../../domain/job/cache-report.js';
import { coverageText } from '../../../domain/job/coverage-report.js';
import { attemptText } from '../../../domain/job/job-retry.js';
import { testCounts } from '../../../domain/job/test-report.js';
import { isAllowedToFail } from '../../../domain/values/node-condition.js';
import type { Colours } from './colours.js';
import { escapeLine, escapeMessage } from './escape-control.js';
import { formatBytes, formatDuration } from './quantities.js';
import { stepVerdict } from './step-lines.js';

export interface NoticeOptions {
  /** Whether phases and steps that went well are worth a line: not where the tree shows them. */
  readonly phases: boolean;
  readonly colours: Colours;
}

/** What people are told of the nodes of a plan. What jobs do has events of its own. */
export function nodeNotice(event: RunEvent, colours: Colours): string | null {
  if (event.type === 'node_started') return event.kind === 'prepare' ? 'preparing …' : null;
  if (event.type === 'node_queued')
    return event.message === '' ? null : `${colours.yellow('queued:')} ${escapeMessage(event.message)}`;
  if (event.type === 'node_queue_left') return `queued … ${formatDuration(event.duration_ms)}`;
  if (event.type !== 'node_finished') return null;
  const took = formatDuration(event.duration_ms);
  if (event.taken_over_from !== undefined)
    return `${event.status} in ${escapeLine(event.taken_over_from)}, and is taken over`;
  if (event.status === 'skipped') return `${colours.yellow('skipped:')} ${escapeMessage(event.message)}`;
  const allowed = isAllowedToFail(event) ? ', which is allowed' : '';
  if (event.kind === 'execute') return allowed === '' ? null : colours.yellow(`failed${allowed}`);
  if (event.status === 'passed') return `prepared in ${took}${event.cached ? ' (cached)' : ''}`;
  const paint = allowed === '' ? colours.red : colours.yellow;
  return `${paint(`could not be prepared${allowed}`)} (${took})`;
}

/** What people are told about an event while the run goes on; null when that is nothing. */
export function eventNotice(event: PikaciEvent, { phases, colours }: NoticeOptions): string | null {
  switch (event.type) {
    case 'phase_finished': {
      const took = formatDuration(event.duration_ms);
      if (!event.ok) return `${event.phase} ${colours.red('failed')} after ${took}`;
      return phases ? `${event.phase} … ${took}` : null;
    }
    case 'step_started':
      return phases ? `step ${colours.bold(escapeLine(event.name))} …` : null;
    case 'step_finished': {
      if (!phases && event.status === 'passed') return null;
      const verdict = stepVerdict(event, event.duration_ms);
      const paint = {
        passed: plain,
        failed: colours.red,
        cancelled: colours.yellow,
        skipped: colours.yellow,
      };
      return `step ${colours.bold(escapeLine(event.name))} ${paint[event.status](verdict)}`;
    }
    case 'cache_restored':
    case 'cache_saved':
      return phases ? cacheNotice(event) : null;
    case 'service_ready':
      return phases
        ? `service ${escapeLine(event.service)} ready … ${formatDuration(event.duration_ms)}`
        : null;
    case 'tests_reported':
      return phases ? testCounts(event.report) : null;
    case 'coverage_reported':
      return phases ? `coverage ${coverageText(event.report)}` : null;
    case 'job_retried': {
      const why = event.message === '' ? '' : `: ${escapeMessage(event.message)}`;
      const text = attemptText(event);
      return `${colours.yellow(text)}${why}; another begins in ${formatDuration(event.wait_ms)}`;
    }
    case 'warning':
      return `${colours.yellow('warning:')} ${escapeMessage(event.message)}`;
    case 'log_cut':
      return `${colours.yellow('the log is cut here:')} ${formatBytes(event.kept_bytes)} are kept (maxLogBytes), and nothing of what comes`;
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

const SAVED: Readonly<Record<string, string>> = {
  saved: 'saved',
  unchanged: 'not saved: there is one of this key',
  overtaken: 'not saved: another job has saved one of this key',
  not_passed: 'not saved: the job has not passed',
  not_allowed: 'not saved: this run may not',
  too_large: 'not saved: too large',
  failed: 'not saved',
};

function cacheNotice(event: Extract<PikaciEvent, { type: 'cache_restored' | 'cache_saved' }>): string {
  const what =
    event.type === 'cache_restored' ? CACHE_HIT_WORDS[event.hit] : (SAVED[event.saved] ?? event.saved);
  const key = event.type === 'cache_restored' && event.hit === 'partial' ? event.restored_key : event.key;
  const size = event.bytes === undefined ? '' : `, ${formatBytes(event.bytes)}`;
  return `cache ${escapeLine(event.path)}: ${what} (${escapeLine(key ?? '')}${size}, ${formatDuration(event.duration_ms)})`;
}

function plain(text: string): string {
  return text;
}
