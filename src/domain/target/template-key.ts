import { sha256Hex } from '../values/content-hash.js';
import type { TemplateConfig } from './template-config.js';

/** What a template stands on: an image by its fingerprint, or another template by its key. */
export type TemplateParent = { readonly fingerprint: string } | { readonly key: string };

export interface TemplateIngredients {
  readonly parent: TemplateParent;
  readonly config: Pick<
    TemplateConfig,
    'setup' | 'shell' | 'env' | 'secrets' | 'runAsRoot' | 'user' | 'limits'
  >;
  /** Names the content of the inputs; null where there are none. */
  readonly inputsHash: string | null;
}

/**
 * Names what a template was made from, and so what is in it: 64 hex digits. The names of its secrets count, as the setup finds files of
 * these names; their values do not. Of the limits only the size of the disk may stay in what is made.
 */
export function templateKey({ parent, config, inputsHash }: TemplateIngredients): string {
  const { setup, shell, env, secrets, runAsRoot, user, limits } = config;
  const base = 'key' in parent ? ['template', parent.key] : ['image', parent.fingerprint];
  const by = runAsRoot ? 'root' : (user ?? null);
  const variables = Object.entries(env).sort(([one], [other]) => (one < other ? -1 : 1));
  const names = Object.keys(secrets).sort();
  return sha256Hex(
    JSON.stringify([
      'pikaci-template-1',
      base,
      setup,
      shell,
      variables,
      names,
      by,
      inputsHash,
      limits.disk ?? null,
    ]),
  );
}
