import type { CutOfLog } from '../source/cut-of-log.js';

/** For people: `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Between two ISO 8601 times; empty when either is missing. */
export function between(start: string | null, end: string | null): string {
  return start === null || end === null ? '' : durationText(Date.parse(end) - Date.parse(start));
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** For people: `17 bytes`, `51.4 KiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let value = bytes;
  let unit = '';
  for (const name of UNITS) {
    if (value < 1024) break;
    value /= 1024;
    unit = name;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** `2026-11-23 16:45:01 UTC`; what is no time is given as it is. */
export function timeText(text: string): string {
  const at = Date.parse(text);
  return Number.isFinite(at) ? `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC` : text;
}

/** What is left of a log that was cut at its cap. */
export function cutSize({ kept, written }: CutOfLog): string {
  return written === null
    ? `${sizeText(kept)} are kept (maxLogBytes), and nothing of what comes`
    : `${sizeText(kept)} of the ${sizeText(written)} that the job wrote are kept (maxLogBytes)`;
}
