import type { IncusInstance } from '../../../ports/incus-types.js';

/** The part of the daemon's filter language that is used: `field eq value` and `ne`, joined by `and`. */
export function matchesFilter(instance: IncusInstance, filter: string): boolean {
  return filter.split(/\s+and\s+/).every((clause) => {
    const parts = /^\s*(\S+)\s+(eq|ne)\s+(.*?)\s*$/.exec(clause);
    if (!parts) return false;
    const [, field = '', operator, value] = parts;
    return (fieldOf(instance, field) === value) === (operator === 'eq');
  });
}

function fieldOf(instance: IncusInstance, field: string): string {
  if (field.startsWith('config.')) return instance.config[field.slice('config.'.length)] ?? '';
  const fields: Readonly<Record<string, unknown>> = { ...instance };
  return String(fields[field] ?? '');
}
