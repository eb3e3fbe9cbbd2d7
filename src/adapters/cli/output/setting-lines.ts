import type { Setting } from '../../../domain/values/setting.js';
import { escapeLine } from './escape-control.js';

/** Values and what they came from, for people, one string a line. */
export function settingLines(settings: readonly Setting[]): string[] {
  return settings.map(({ name, value, source, from }) => {
    const origin = from === null ? source : source === 'environment' ? `$${from}` : from;
    return `  ${name.padEnd(13)} ${escapeLine(value)}  (${escapeLine(origin)})`;
  });
}
