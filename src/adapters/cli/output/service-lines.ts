import type { ServiceReport } from '../../../domain/job/service-record.js';
import type { Colours } from './colours.js';
import { escapeLine, escapeMessage } from './escape-control.js';
import { formatBytes, formatDuration } from './quantities.js';

/** How the services of a job were when it had ended. */
export function serviceLines(services: readonly ServiceReport[], c: Colours): string[] {
  return services.map(({ name, status, message, ready_ms: readyMs, log_bytes: bytes }) => {
    const paint = status === 'running' ? (text: string) => text : c.red;
    const how = status === 'running' ? 'ran to the end' : status.replace('_', ' ');
    const why = message === '' ? '' : `: ${escapeMessage(message, '    ')}`;
    const ready = readyMs === null ? '' : `ready in ${formatDuration(readyMs)}, `;
    return `  ${c.dim('service')}    ${escapeLine(name)} ${paint(how)}${why} (${ready}${formatBytes(bytes)} of log)`;
  });
}
