import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEachBackend } from '../support/backends-under-test.js';
import { patternCases } from '../support/pattern-cases.js';
import { Site } from '../support/site.js';

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Those that can be files beside each other: where one lies below another, the first is there. */
function files(paths: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const path of paths)
    if (!kept.some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`))) kept.push(path);
  return kept;
}

/** Each row of the table in a directory of its own, so that one job can have them all. */
const rows = patternCases.map(({ patterns, matches, others, links = {}, matchNothing = [] }, index) => {
  const there = files([...matches, ...others]);
  const within = (pattern: string) => `row-${index}/${pattern}`;
  return {
    patterns: patterns.map((pattern) =>
      pattern.startsWith('!') && !pattern.startsWith('!(') ? `!${within(pattern.slice(1))}` : within(pattern),
    ),
    unmatched: matchNothing.map(within),
    files: there.filter((path) => links[path] === undefined).map(within),
    links: Object.entries(links).map(([path, target]) => ({ path: within(path), target })),
    wanted: there.filter((path) => matches.includes(path) && links[path] === undefined).map(within),
    refused: there.filter((path) => matches.includes(path) && links[path] !== undefined).map(within),
  };
});

const unmatched = rows.flatMap((row) => row.unmatched);

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const collected = ({ collected: all }: { readonly collected: readonly { readonly path: string }[] }) =>
    all.map(({ path }) => path).sort();

  describe.concurrent('artifact patterns', () => {
    it('bring what the table says, of the workspace', async () => {
      const make = rows.flatMap((row) => row.files).map((path) => `make ${quoted(path)}`);
      const link = rows
        .flatMap((row) => row.links)
        .map(
          ({ path, target }) =>
            `mkdir -p ${quoted(dirname(path))} && ln -s ${quoted(target)} ${quoted(path)}`,
        );
      const { run } = await site.finish({
        command: `make() { mkdir -p "\${1%/*}" && : >"$1"; }\n${[...make, ...link].join('\n')}`,
        writableWorkspace: true,
        artifacts: rows.flatMap((row) => row.patterns),
      });
      const { artifacts } = run.outcome;
      const refused = rows.flatMap((row) => row.refused);
      expect(artifacts.refused.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
        refused.map((path) => ({ path: `/workspace/snapshot/${path}`, rule: 'symbolic_link' })),
      );
      expect(artifacts.incomplete).toBeNull();
      expect(artifacts.unmatched).toEqual(unmatched);
      expect(collected(artifacts)).toEqual(rows.flatMap((row) => row.wanted).sort());
    });

    it('that are relative take away in both places, and what they leave does not fill the disk', async () => {
      const { run } = await site.finish({
        command: `mkdir -p deep out/target && echo x | tee deep/a.log deep/a.txt /artifacts/b.log /artifacts/b.txt >/dev/null
        head -c 300M /dev/zero >out/target/big; echo y >out/small`,
        writableWorkspace: true,
        artifacts: ['/artifacts/**', 'deep/**', 'out/{small,target}', '!**/*.log', '!**/target'],
      });
      const { artifacts } = run.outcome;
      expect(artifacts).toMatchObject({ refused: [], incomplete: null });
      expect(collected(artifacts)).toEqual(['b.txt', 'deep/a.txt', 'out/small']);
    });
  });
});
