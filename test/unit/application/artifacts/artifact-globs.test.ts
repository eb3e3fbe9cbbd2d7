import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArtifactGlobs, localArtifactPath } from '../../../../src/application/artifacts/artifact-globs.js';
import { guestSupervisorFiles } from '../../../../src/domain/machine/guest-paths.js';
import { patternCases } from '../../../support/pattern-cases.js';

const inArtifacts = (pattern: string) => pattern.replace(/^(!(?!\())?/, '$1/artifacts/');

describe('artifact patterns', () => {
  for (const { patterns, matches, others, matchNothing = [] } of patternCases) {
    for (const [place, placed] of [
      ['/workspace/snapshot', (pattern: string) => pattern],
      ['/artifacts', inArtifacts],
    ] as const) {
      const written = patterns.map(placed);
      it(`${written.join('  ')} ask for what the table says`, () => {
        const globs = new ArtifactGlobs(written);
        const found = (names: readonly string[]) => names.filter((name) => globs.matches(`${place}/${name}`));
        expect(found([...matches, ...others])).toEqual(matches);
        for (const name of matches)
          expect(globs.searchRoots.some((root) => `${place}/${name}/`.startsWith(`${root}/`))).toBe(true);
        expect(globs.unmatched).toEqual(matchNothing.map(placed));
      });
    }
  }

  it('are for the place that they name', () => {
    const globs = new ArtifactGlobs(['report.txt', '/artifacts/*']);
    expect(globs.matches('/workspace/snapshot/report.txt')).toBe(true);
    expect(globs.matches('/workspace/snapshot/other')).toBe(false);
    expect(globs.matches('/artifacts/other')).toBe(true);
    expect(globs.matches('/etc/report.txt')).toBe(false);
    expect(new ArtifactGlobs(['/artifacts']).matches('/artifacts/a/b')).toBe(true);
  });

  it('that are relative take away in both places', () => {
    const globs = new ArtifactGlobs(['/artifacts/**', 'out', '!**/*.log', '!/artifacts/out']);
    const matched = [
      ...['/artifacts/a.txt', '/artifacts/a.log', '/artifacts/sub/a.log', '/artifacts/out/x'],
      ...['/workspace/snapshot/out/x', '/workspace/snapshot/out/x.log'],
    ].filter((path) => globs.matches(path));
    expect(matched).toEqual(['/artifacts/a.txt', '/workspace/snapshot/out/x']);
  });

  it('say which of them matched nothing, as they were written', () => {
    const globs = new ArtifactGlobs([
      '/artifacts/*.xml',
      'coverage/',
      '/artifacts/**',
      '!**/*.o',
      '!nothing',
    ]);
    globs.matches('/artifacts/a.txt');
    globs.matches('/workspace/snapshot/coverage/x.o');
    expect(globs.unmatched).toEqual(['/artifacts/*.xml', 'coverage/']);
  });

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
      for (const path of [name, `${name}/below`, `${name}/deep/below`])
        expect(globs.matches(`/artifacts/${path}`)).toBe(false);
    expect(globs.matches('/artifacts/guest.log.old')).toBe(true);
    expect(new ArtifactGlobs(['/artifacts/guest.log/**']).matches('/artifacts/guest.log/x')).toBe(false);
  });

  it('never ask for what the supervisor tells of steps, which a job of one command may have made', () => {
    const globs = (job: { readonly steps?: readonly unknown[] }) =>
      new ArtifactGlobs(['/artifacts/**'], (name) => name, guestSupervisorFiles(job));
    const ofSteps = globs({ steps: [{}] });
    expect(ofSteps.matches('/artifacts/steps.jsonl')).toBe(false);
    expect(ofSteps.unmatched).toEqual(['/artifacts/**']);
    expect(globs({}).matches('/artifacts/steps.jsonl')).toBe(true);
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
