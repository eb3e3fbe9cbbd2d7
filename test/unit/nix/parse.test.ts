import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseNix } from '../../support/nix.js';
import { repositoryRoot } from '../../support/repository-root.js';

const files = execFileSync('find', ['flake.nix', 'nix', '-name', '*.nix', '-type', 'f'], {
  cwd: repositoryRoot,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

describe('the Nix files', () => {
  it('are found', () => {
    expect(files).toContain('nix/incus/pikaci-image.nix');
    expect(files).toContain('nix/ci/linux-rust.nix');
    expect(files.length).toBeGreaterThan(7);
  });

  for (const file of files) {
    it(`can be parsed by Nix: ${file}`, () => parseNix(file));
  }
});
