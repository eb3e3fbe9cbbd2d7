import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cruise } from '../support/dependency-cruiser.js';
import { repositoryRoot } from '../support/repository-root.js';
import { scratchDirectory } from '../support/scratch-directory.js';

const { FOLDER_ORDER }: { FOLDER_ORDER: Readonly<Record<string, readonly string[]>> } = createRequire(
  import.meta.url,
)('../../scripts/folder-order.cjs');

/** The folders below one, relative to it, that have files of their own; `.` when it has some itself. */
async function foldersIn(base: string): Promise<readonly string[]> {
  const entries = await readdir(join(repositoryRoot, base), { recursive: true, withFileTypes: true });
  const folders = entries.filter((entry) => entry.isFile()).map(({ parentPath }) => parentPath);
  return [...new Set(folders)].map((folder) => relative(join(repositoryRoot, base), folder) || '.');
}

/** For each folder but the last a file in it that imports one of the next folder. */
const outOfOrder = Object.entries(FOLDER_ORDER).flatMap(([base, folders]) =>
  folders.slice(0, -1).map((folder, index) => {
    const from = join(base, folder, 'out-of-order.ts');
    const later = join(base, folders[index + 1] ?? '', 'later.ts');
    const imports = relative(dirname(from), later).replace(/\.ts$/, '.js');
    return {
      rule: `order-of-${base.slice('src/'.length)}/${folder}`,
      later,
      planted: [from, imports.startsWith('.') ? imports : `./${imports}`] as const,
    };
  }),
);

const rules: { forbidden: { name: string }[] } = createRequire(import.meta.url)(
  '../../.dependency-cruiser.cjs',
);

/** For each rule a file that breaks it, and what it imports. */
const planted: Readonly<Record<string, readonly [file: string, imports: string]>> = {
  'no-cycles': ['src/domain/cycle-back.ts', './cycle.js'],
  'domain-is-pure': ['src/domain/impure.ts', 'node:fs'],
  'ports-see-the-domain-only': ['src/ports/port.ts', 'zod'],
  'streams-see-ports-only': ['src/streams/writing.ts', 'node:fs'],
  'streams-are-for-adapters-and-application': ['src/composition/streaming.ts', '../streams/queue.js'],
  'application-sees-ports-and-domain': ['src/application/grasping.ts', '../adapters/memory/fake.js'],
  'application-does-no-io': ['src/application/reading.ts', 'node:fs'],
  'adapters-do-not-see-composition': ['src/adapters/node/wired.ts', '../../composition/container.js'],
  'only-cli-and-http-see-the-application': ['src/adapters/node/driving.ts', '../../application/service.js'],
  'adapters-do-not-see-each-other': ['src/adapters/node/neighbour.ts', '../memory/fake.js'],
  'inversify-in-composition-only': ['src/application/decorated.ts', 'inversify'],
  'opentelemetry-in-its-adapter-only': ['src/application/spanning.ts', '@opentelemetry/api'],
  'testing-sees-fakes-only': ['src/testing/real.ts', '../adapters/node/real.js'],
  resolvable: ['src/index.ts', './nowhere.js'],
  'dependencies-are-declared': ['src/adapters/node/undeclared.ts', 'vitest'],
  ...Object.fromEntries(outOfOrder.map(({ rule, planted: file }) => [rule, file])),
};

/** What the planted files import, and neighbours that are in order. */
const innocent: Readonly<Record<string, string>> = {
  'src/domain/cycle.ts': "import './cycle-back.js';",
  ...Object.fromEntries(outOfOrder.map(({ later }) => [later, 'export {};'])),
  'src/streams/queue.ts': 'export {};',
  'src/domain/value.ts': "import 'zod';\nimport 'node:crypto';",
  'src/adapters/memory/fake.ts': "import '../../domain/value.js';",
  'src/adapters/node/real.ts': "import 'node:fs';",
  'src/adapters/cli/command.ts': "import '../../application/service.js';",
  'src/application/service.ts': "import '../domain/value.js';",
  'src/composition/container.ts': "import 'inversify';\nimport '../adapters/node/real.js';",
  'src/testing/index.ts': "import '../adapters/memory/fake.js';",
};

describe('the layers', () => {
  it('hold in src, of which every module was read', async () => {
    const { modules, summary } = await cruise(repositoryRoot);
    expect(summary.violations).toEqual([]);
    const own = modules.filter(({ source }) => source.startsWith('src/'));
    expect(own.length).toBeGreaterThan(20);
    // Without TypeScript's JavaScript API the files would be counted and nothing read in them.
    const context = own.find(({ source }) => source === 'src/domain/machine/remote-linux-vm-context.ts');
    expect(context?.dependencies.map(({ resolved }) => resolved)).toContain(
      'src/domain/machine/remote-layout.ts',
    );
  }, 120_000);

  it.each(Object.entries(FOLDER_ORDER))(
    'have an order for every folder of %s, and for no other',
    async (base, folders) => {
      expect([...(await foldersIn(base))].sort()).toEqual([...folders].sort());
    },
  );

  describe('are watched by rules, so that', () => {
    let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
    let violations: Awaited<ReturnType<typeof cruise>>['summary']['violations'];

    beforeAll(async () => {
      scratch = await scratchDirectory();
      await mkdir(join(scratch.path, 'scripts'));
      for (const file of [
        '.dependency-cruiser.cjs',
        'scripts/folder-order.cjs',
        'package.json',
        'tsconfig.json',
      ]) {
        await copyFile(join(repositoryRoot, file), join(scratch.path, file));
      }
      const violating = Object.values(planted).map(
        ([file, imports]) => [file, `import '${imports}';`] as const,
      );
      for (const [file, text] of [...Object.entries(innocent), ...violating]) {
        await mkdir(dirname(join(scratch.path, file)), { recursive: true });
        await writeFile(join(scratch.path, file), `${text}\n`);
      }
      violations = (await cruise(scratch.path)).summary.violations;
    }, 120_000);
    afterAll(() => scratch[Symbol.asyncDispose]());

    for (const [rule, [file, imports]] of Object.entries(planted)) {
      it(`"${rule}" catches ${file} when it imports ${imports}`, () => {
        expect(violations).toContainEqual({ from: file, rule: { name: rule } });
      });
    }

    it('nothing that is in order is blamed', () => {
      const blamed = violations.map(({ from }) => from).filter((from) => from in innocent);
      expect(blamed).toEqual([]);
    });

    it('every rule has its planted violation here', () => {
      expect(Object.keys(planted).sort()).toEqual(rules.forbidden.map(({ name }) => name).sort());
    });
  });
});
