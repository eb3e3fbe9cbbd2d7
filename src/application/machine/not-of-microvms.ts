import type { Inherit } from '../../domain/machine/inherited-variables.js';

/** What is said where a configuration asks for what microVMs do not get; nothing where it does not. */
export function notOfMicrovms({ ca, proxy, registries }: Inherit): readonly string[] {
  if (!ca && !proxy && !registries) return [];
  return [
    '"inherit" gives microVMs nothing: they have no network unless their runner gives them one, and it is to give them its proxies and certificates as well',
  ];
}
