import type { TemplateInfo } from '../../../application/target/target-templates.js';
import { escapeLine } from './escape-control.js';

/** So many digits of a key are shown to people; the commands take them for it. */
export const SHORT_KEY = 12;

const STATES: Readonly<Record<TemplateInfo['state'], string>> = {
  ready: 'is on the host',
  making: 'is being made',
  absent: 'would be made',
  foreign: 'cannot be made, as another instance has its name',
};

/** Of one template of a target: whether it is there, and below that what its key is made of. */
export function templateLines({ name, key, instance, state, ingredients }: TemplateInfo): readonly string[] {
  const { from, inputsHash, shell, env, secrets, user, disk } = ingredients;
  const base =
    'key' in from
      ? `the template ${from.name} (${short(from.key)})`
      : `${from.name} (${short(from.fingerprint)})`;
  const parts = [
    `from ${base}`,
    `setup run by ${shell.join(' ')} as ${user}`,
    ...(inputsHash === null ? [] : [`inputs ${short(inputsHash)}`]),
    ...listed('variables', Object.keys(env)),
    ...listed('secrets', secrets),
    ...(disk === null ? [] : [`disk ${disk}`]),
  ];
  return [
    `  template ${name} ${STATES[state]} (${short(key)}, ${instance})`,
    `    ${escapeLine(parts.join(', '))}`,
  ];
}

function listed(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what} ${names.join(' ')}`];
}

function short(digits: string): string {
  return digits.slice(0, SHORT_KEY);
}
