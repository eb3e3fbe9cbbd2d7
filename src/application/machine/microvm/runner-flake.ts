import { createHash } from 'node:crypto';
import { joinBelow } from '../../../domain/values/path-rules.js';
import type { RunnerFlake } from '../../settings/microvm-settings.js';
import type { RunnerShape } from './runner-shape.js';

/** A flake for one job shape, where it lies on the host. Its directory is named after its content. */
export interface StagedFlake {
  readonly contentHash: string;
  readonly directory: string;
  readonly text: string;
  readonly installable: string;
}

export function stagedFlake(
  workDir: string,
  { url }: Pick<RunnerFlake, 'url'>,
  shape: RunnerShape,
): StagedFlake {
  const text = flakeText(url, shape);
  const contentHash = createHash('sha256').update(text).digest('hex');
  const directory = joinBelow(workDir, `runner-flakes/${contentHash}`);
  return { contentHash, directory, text, installable: `path:${directory}#runner` };
}

/** Tags and numbers come from checked values; the URL is the configuration's, and all strings are quoted as Nix quotes them. */
function flakeText(url: string, shape: RunnerShape): string {
  const sizes = { cpus: shape.cpus, memoryMiB: shape.memoryMib, diskMiB: shape.diskMib };
  return [
    '# Made by pikaci: the runner of one job shape. Sources of shares are shares/<tag> where it is started.',
    '{',
    `  inputs.pikaci.url = ${nixString(url)};`,
    '  outputs = { self, pikaci }: {',
    '    packages = builtins.mapAttrs (system: _: {',
    '      runner = pikaci.lib.microvmRunner {',
    '        inherit system;',
    '        shares = [',
    ...shape.shares.map(
      ({ tag, readOnly }) => `          { tag = ${nixString(tag)}; readOnly = ${readOnly}; }`,
    ),
    '        ];',
    ...Object.entries(sizes).flatMap(([name, size]) => (size === null ? [] : [`        ${name} = ${size};`])),
    '      };',
    '    }) { x86_64-linux = null; aarch64-linux = null; };',
    '  };',
    '}',
    '',
  ].join('\n');
}

/** A double-quoted string of the Nix language ("Strings" in its manual). */
export function nixString(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\$/g, '\\$').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`;
}
