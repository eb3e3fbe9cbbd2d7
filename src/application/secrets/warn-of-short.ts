import { SHORTEST_MASKED_SECRET } from './secret-spellings.js';

/** Says of each secret that is too short to be masked that it is not, once for all that share `said`. */
export function warnOfShort(
  secrets: Readonly<Record<string, string>>,
  warn: (message: string) => void,
  warned: Set<string>,
): void {
  for (const [name, { length }] of Object.entries(secrets)) {
    if (length >= SHORTEST_MASKED_SECRET || warned.has(name)) continue;
    warned.add(name);
    warn(
      `the secret ${name} has fewer than ${SHORTEST_MASKED_SECRET} characters and is not masked: logs and records may show it`,
    );
  }
}
