import { join } from 'node:path';
import { git } from '../../support/git-repository.js';
import { folderWith } from './cli-harness.js';

/** A repository whose first commit has these files. */
export async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = folderWith(files);
  await git(folder, 'init', '--quiet', '--initial-branch=main');
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '-m', 'trusted');
  return folder;
}

/** A configuration that leaves a proof when it is run. */
export function moduleThatTells(config: object = {}): { readonly code: string; readonly proof: string } {
  const proof = join(folderWith({}), 'ran');
  const write = `writeFileSync(${JSON.stringify(proof)}, '')`;
  return {
    proof,
    code: `import { writeFileSync } from 'node:fs';\n${write};\nexport default ${JSON.stringify(config)};`,
  };
}
