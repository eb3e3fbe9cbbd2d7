import type { SecretMasker } from './secret-masker.js';

/** Variables with what is secret in their values masked. */
export function maskedEnvironment(
  env: Readonly<Record<string, string>>,
  masker: SecretMasker,
): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, masker.maskText(value)]));
}
