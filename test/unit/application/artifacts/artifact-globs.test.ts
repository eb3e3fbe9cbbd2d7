import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArtifactGlobs, localArtifactPath } from '../../../../src/application/artifacts/artifact-globs.js';

describe('artifact patterns', () => {
  for (const [pattern, matching, other] of [
    ['target/*.xml', '/workspace/snapshot/target/a.xml', '/workspace/snapshot/target/sub/a.xml'],
    ['./target/**', '/workspace/snapshot/target/sub/.hidden', '/workspace/snapshot/targets'],
    ['report.txt', '/workspace/snapshot/report.txt', '/artifacts/report.txt'],
    ['/artifacts/**', '/artifacts/a/b', '/workspace/snapshot/a'],
    ['/artifacts/*', '/artifacts/a', '/artifacts/guest.log'],
    ['{a,b}/c', '/workspace/snapshot/b/c', '/workspace/snapshot/c/c'],
    ['\\!x', '/workspace/snapshot/!x', '/workspace/snapshot/y'],
    ['!(x)/a', '/workspace/snapshot/y/a', '/workspace/snapshot/x/a'],
  ] as const) {
    it(`${pattern} asks for ${matching} and not for ${other}`, () => {
      const globs = new ArtifactGlobs([pattern]);
      expect(globs.matches(matching)).toBe(true);
      expect(globs.matches(other)).toBe(false);
    });
  }

  it('with a "!" in front take away from the others, wherever they stand', () => {
    const globs = new ArtifactGlobs(['!/artifacts/*.log', '/artifacts/**', 'out/**', '!out/tmp/**']);
    const matched = ['/artifacts/a.txt', '/artifacts/a.log', '/artifacts/sub/a.log'].filter((path) =>
      globs.matches(path),
    );
    expect(matched).toEqual(['/artifacts/a.txt', '/artifacts/sub/a.log']);
    expect(globs.matches('/workspace/snapshot/out/a')).toBe(true);
    expect(globs.matches('/workspace/snapshot/out/tmp/a')).toBe(false);
    expect(globs.searchRoots).toEqual(['/artifacts', '/workspace/snapshot/out']);
  });

  it('never ask for what the supervisor wrote', () => {
    const globs = new ArtifactGlobs(['/artifacts/**']);
    for (const name of ['guest.log', 'guest-request.json'])
      expect(globs.matches(`/artifacts/${name}`)).toBe(false);
  });

  it('are looked for below their fixed parts, none inside another', () => {
    const globs = new ArtifactGlobs(['target/a/*.xml', 'target/**', '/artifacts/x/y', 'target/b/c']);
    expect(globs.searchRoots).toEqual(['/workspace/snapshot/target', '/artifacts/x/y']);
  });
});

describe('the local path of an artifact', () => {
  it('is what follows the directory that it lies in', () => {
    expect(localArtifactPath('/artifacts/a/b')).toBe('a/b');
    expect(localArtifactPath('/workspace/snapshot/a')).toBe('a');
  });

  for (const path of [
    ...[
      '/etc/passwd',
      '/artifacts',
      '/artifacts/',
      '/artifacts/../x',
      '/artifacts/a/../../x',
      '/artifacts//x',
    ],
    ...['/artifacts/./x', '/artifacts/a\0b'],
    ...['artifacts/x', '/artifactsx/y'],
  ]) {
    it(`is refused for ${JSON.stringify(path.slice(0, 40))}`, () => {
      expect(localArtifactPath(path)).toBeNull();
    });
  }

  it('never leaves the directory, whatever the guest says', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', 'artifacts', 'a', '\\..', '...'), fc.string());
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const local = localArtifactPath(`/artifacts/${parts.join('/')}`);
        if (local !== null) expect(posix.join('/base', local).startsWith('/base/')).toBe(true);
      }),
    );
  });
});
