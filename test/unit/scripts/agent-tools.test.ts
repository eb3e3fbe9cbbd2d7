import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentTools, agentToolsPath } from '../../support/agent-tools.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const GOOD = '---\nsummary: What it is.\nread_when:\n  - You need it.\n---\n# A page\n';

let root: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  root = await temporaryDirectory();
  await put('package.json', '{"scripts": {"build": "tsc"}, "devDependencies": {"vitest": "1"}}');
  await put('docs/page.md', GOOD);
});
afterEach(() => root[Symbol.asyncDispose]());

async function put(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root.path, path)), { recursive: true });
  await writeFile(join(root.path, path), text, { mode });
}
const here = (...args: string[]) => agentTools('--root', root.path, ...args);
const problems = async (action: string) => (await here(action)).stderr.trim().split('\n');

describe('scripts/agent-tools', () => {
  it('is Python 3.9: no match, no X | Y among types, no builtin generics', async () => {
    const program = `
import ast, sys
tree = ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))
builtins = {"list", "dict", "tuple", "set", "frozenset", "type"}
types = [a.annotation for a in ast.walk(tree) if isinstance(a, (ast.arg, ast.AnnAssign)) and a.annotation]
types += [f.returns for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.returns]
bad = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and n.value.id in builtins]
bad += [ast.unparse(n) for t in types for n in ast.walk(t) if isinstance(n, ast.BinOp)]
print(len(types), bad)
`;
    const { stdout } = await promisify(execFile)('python3', ['-c', program, agentToolsPath]);
    expect(stdout).toMatch(/^[1-9]\d+ \[\]\n$/);
  });

  it('finds nothing wrong with this project', async () => {
    for (const action of ['check-docs', 'check-justfile']) {
      expect(await agentTools(action)).toEqual({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('lists the documents, with what each is about and when to read it', async () => {
    expect((await here('list-docs')).stdout).toBe('docs/page.md\n  What it is.\n  read when: You need it.\n');
    expect(JSON.parse((await here('list-docs', '--json')).stdout)).toEqual([
      { path: 'docs/page.md', summary: 'What it is.', read_when: ['You need it.'] },
    ]);
  });

  it('explains itself when it is called in another way', async () => {
    expect(await here('resolve')).toMatchObject({ code: 2, stderr: expect.stringContaining('usage:') });
    expect((await here('--help')).stdout).toContain('check-justfile');
  });
});

describe('scripts/agent-tools check-docs', () => {
  it('says what is wrong with the front matter of each document', async () => {
    const bad: readonly (readonly [string, string])[] = [
      ['# A page\n', 'docs/0.md:1: has no front matter: the first line must be ---'],
      ['---\nsummary: x\n', 'docs/1.md:1: front matter does not end: no second ---'],
      [GOOD.replace(/summary.*\n/, ''), 'docs/2.md:1: front matter has no summary'],
      [GOOD.replace(/ {2}- .*\n/, ''), 'docs/3.md:1: front matter has no read_when'],
      [
        GOOD.replace(/read_when:\n {2}- /, 'read_when: '),
        "docs/4.md:3: read_when must be a list, one '  - TEXT' a line",
      ],
      [GOOD.replace('summary', 'summary: y\nsummary'), 'docs/5.md:3: summary comes twice'],
      [
        GOOD.replace('summary', 'title: y\nsummary'),
        "docs/6.md:2: is neither summary, read_when nor an item of it: 'title: y'",
      ],
    ];
    for (const [index, [text]] of bad.entries()) await put(`docs/${index}.md`, text);
    const { code, stderr } = await here('check-docs');
    expect(code).toBe(1);
    for (const [, words] of bad) expect(stderr.split('\n')).toContain(words);
  });

  it('asks for front matter beside the guest and the host as well', async () => {
    await put('guest/README.md', '# x\n');
    await put('host/README.md', '# x\n');
    expect((await problems('check-docs')).map((line) => line.split(':')[0])).toEqual([
      'guest/README.md',
      'host/README.md',
    ]);
  });

  it('says which link leads nowhere, and follows links to headings', async () => {
    await put('docs/other.md', `${GOOD}## What to do when…\n`);
    await put(
      'README.md',
      'see [one](docs/other.md#what-to-do-when) and\n[two](docs/gone.md)\n[three](docs/other.md#no)\n',
    );
    expect(await problems('check-docs')).toEqual([
      'README.md:2: links to docs/gone.md, which does not exist',
      'README.md:3: links to docs/other.md#no, and docs/other.md has no such heading',
    ]);
  });

  it('says which path of the repository is not there, and takes no other code for one', async () => {
    await put('src/ports/a-fault.ts', '');
    await put('scripts/host', '', 0o755);
    const good =
      '`src/ports/*fault*` `src/<layer>/` `./scripts/host up` `npm run build` `docs/api/` `/var/x` `a/b` `x.json`';
    await put(
      'docs/page.md',
      `${GOOD}${good}\n\`src/gone.ts\` \`./scripts/gone\`\n\`npm run gone\`\n\`\`\`sh\nsrc/example.ts\n\`\`\`\n`,
    );
    expect(await problems('check-docs')).toEqual([
      'docs/page.md:8: names src/gone.ts, which does not exist',
      'docs/page.md:8: names ./scripts/gone, which does not exist',
      'docs/page.md:9: names `npm run gone`, which package.json does not have',
    ]);
  });
});

describe('scripts/agent-tools check-justfile', () => {
  it('wants the file', async () => {
    expect(await problems('check-justfile')).toEqual(['justfile:1: does not exist']);
  });

  it('finds nothing wrong when all commands exist', async () => {
    await put('scripts/host', '', 0o755);
    await put('scripts/a.mjs', '');
    await put(
      'justfile',
      '# Lists.\ndefault:\n    @just --list\n\n# All.\nall *args: default\n    ./scripts/host {{args}}\n    npm run build\n    npx vitest run\n    node scripts/a.mjs\n    -true\n',
    );
    expect(await here('check-justfile')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('says what is missing of each recipe', async () => {
    await put('scripts/plain', '');
    await put(
      'justfile',
      'a: b\n    ./scripts/gone\n    ./scripts/plain\n    npm run gone\n    npx gone\n    node gone.mjs\n    gone-program x\n# Nothing.\nc:\n',
    );
    expect(await problems('check-justfile')).toEqual([
      'justfile:1: a has no comment above it',
      'justfile:1: a needs b, which is no recipe',
      'justfile:2: a: ./scripts/gone does not exist',
      'justfile:3: a: ./scripts/plain is not executable',
      "justfile:4: a: package.json has no script 'gone'",
      "justfile:5: a: no dependency brings 'gone'",
      'justfile:6: a: gone.mjs does not exist',
      "justfile:7: a: there is no program 'gone-program'",
      'justfile:9: c does nothing',
    ]);
  });
});
