import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { JobFault } from '../../../src/application/faults/job-fault.js';
import type { BuildTemplatesInput, TemplateInfo } from '../../../src/application/target/target-templates.js';
import type { TemplateSink } from '../../../src/application/template/export-template.js';
import { targetInfoDocumentSchema } from '../../../src/domain/records/state-documents.js';
import {
  templateBuildDocumentSchema,
  templateListDocumentSchema,
} from '../../../src/domain/records/template-documents.js';
import { Cli } from './cli-harness.js';

const KEY = 'ab'.repeat(32);
const jobs = [{ id: 'j', command: 'true', template: 'node' }];
const node = { from: 'pikaci/dev', setup: 'make it' };
const CONFIG = {
  host: 'local',
  targets: {
    one: { templates: { node, more: { from: 'node', setup: 'more' } }, jobs },
    two: { templates: { node }, jobs },
    bare: { jobs: [{ id: 'j', command: 'true' }] },
  },
};
const cliOf = () => new Cli({ files: { 'pikaci.config.json': JSON.stringify(CONFIG) } });
const fault = (kind: JobFault['kind'], message: string): JobFault => ({
  kind,
  phase: null,
  host: 'h',
  message,
});

/** Answers a build with what was asked for: `node` was there, the others are made. */
const build = async ({ names = [], onLog, onBuilt }: BuildTemplatesInput) => {
  const built = names.map((name) => ({ name, key: KEY, instance: `i-${name}`, cached: name === 'node' }));
  for (const one of built) {
    if (!one.cached) onLog?.(one.name, Buffer.from('installing\nhalf a line'));
    onBuilt?.(one);
  }
  return ok(built);
};

describe('pikaci template', () => {
  it('build makes what is missing of all targets, says what was there, and shows the logs on standard error', async () => {
    const cli = cliOf();
    const asked: BuildTemplatesInput[] = [];
    cli.pikaci.templates = {
      buildTemplates: (input) => {
        asked.push(input);
        return build(input);
      },
    };
    expect(await cli.run('template', 'build')).toBe(0);
    expect(asked.map(({ target, names }) => [target, names])).toEqual([
      ['one', ['node', 'more']],
      ['two', ['node']],
    ]);
    expect(cli.stdout.text).toMatch(
      /^node was there \(abababababab, i-node\)\nmade more \(abababababab, i-more\) in .*\nnode was there .*\n$/,
    );
    expect(cli.stderr.text).toBe('[more] installing\n[more] half a line\n');
  });

  it('build takes names, a target and --json, and refuses names that there are not', async () => {
    const cli = cliOf();
    cli.pikaci.templates = { buildTemplates: build };
    expect(await cli.run('template', 'build', 'more', '--target', 'one', '--json')).toBe(0);
    const document = templateBuildDocumentSchema.parse(JSON.parse(cli.stdout.text));
    expect(document).toMatchObject({
      problem: null,
      templates: [{ target_id: 'one', name: 'more', cached: false }],
    });
    for (const [words, message] of [
      [['nope'], 'there is no template "nope"; the configuration has node, more'],
      [['--target', 'nope'], 'there is no target "nope"'],
      [['more', '--target', 'two'], 'there is no template "more"'],
      [['--target', 'bare'], 'there are no templates'],
    ] as const) {
      const wrong = cliOf();
      expect(await wrong.run('template', 'build', ...words)).toBe(2);
      expect(wrong.stderr.text).toContain(message);
    }
  });

  it('build ends with the first that cannot be made', async () => {
    const cli = cliOf();
    cli.pikaci.templates = {
      buildTemplates: async () => err(fault('template_failed', 'the setup of node failed')),
    };
    expect(await cli.run('template', 'build', '--json')).toBe(3);
    expect(cli.stderr.text).toContain('the setup of node failed');
    expect(JSON.parse(cli.stdout.text).problem).toBe('the setup of node failed');
  });

  it('list shows what the host has', async () => {
    const listed = {
      key: KEY,
      name: 'node\u001b[31m',
      instance: 'i',
      image: { alias: 'pikaci/dev', fingerprint: 'cd'.repeat(32) },
      bytes: 1536 * 1024,
      madeAt: '2026-11-27T10:00:00.000Z',
      lastUsedAt: '2026-11-27T11:00:00.000Z',
      inUse: true,
    };
    const cli = cliOf();
    cli.pikaci.templates = {
      listTemplates: async () => ok([listed, { ...listed, bytes: null, inUse: false }]),
    };
    expect(await cli.run('template', 'list')).toBe(0);
    expect(cli.stdout.text).not.toContain('\u001b');
    expect(cli.stdout.text).toMatch(
      /abababababab {2}pikaci\/dev cdcdcdcdcdcd {2}1.5 MiB {2}2026.*yes\n.* - .*no\n$/,
    );
    const json = cliOf();
    json.pikaci.templates = { listTemplates: async () => ok([listed]) };
    expect(await json.run('template', 'list', '--json')).toBe(0);
    expect(templateListDocumentSchema.parse(JSON.parse(json.stdout.text)).templates).toMatchObject([
      { key: KEY, bytes: 1536 * 1024, in_use: true },
    ]);
    const none = cliOf();
    none.pikaci.templates = { listTemplates: async () => ok([]) };
    await none.run('template', 'list');
    expect(none.stdout.text).toBe('the host has no templates\n');
  });

  it('rm removes each, and exits with 2 for one that is in use', async () => {
    const cli = cliOf();
    const forced: (boolean | undefined)[] = [];
    cli.pikaci.templates = {
      removeTemplate: async (which, options) => {
        forced.push(options?.force);
        return which === 'used' ? err(fault('template_in_use', 'used is in use')) : ok(KEY);
      },
    };
    expect(await cli.run('template', 'rm', 'used', 'other')).toBe(2);
    expect(cli.stdout.text).toBe('removed other (abababababab)\n');
    expect(cli.stderr.text).toContain('used is in use');
    expect(await cli.run('template', 'rm', 'other', '--force')).toBe(0);
    expect(forced).toEqual([false, false, true]);
  });

  it('shell needs a terminal', async () => {
    const cli = cliOf();
    expect(await cli.run('template', 'shell', 'node')).toBe(2);
    expect(cli.stderr.text).toContain('a shell needs a terminal');
  });
});

describe('target-info', () => {
  const info: TemplateInfo = {
    name: 'node',
    key: KEY,
    instance: 'i',
    state: 'absent',
    ingredients: {
      from: { name: 'pikaci/dev', fingerprint: 'cd'.repeat(32) },
      inputsHash: 'ef'.repeat(32),
      setup: 'make it',
      shell: ['/bin/sh', '-e'],
      env: { A: '1' },
      secrets: ['TOKEN'],
      user: 'root',
      disk: null,
    },
  };

  it('says of each template what its key is made of, and whether it is on the host', async () => {
    const cli = cliOf();
    const more: TemplateInfo = {
      ...info,
      name: 'more',
      state: 'ready',
      ingredients: { ...info.ingredients, from: { name: 'node', key: KEY }, disk: '5GiB' },
    };
    cli.pikaci.templates = { examineTemplates: async () => ok([info, more]) };
    expect(await cli.run('target-info', 'one')).toBe(0);
    expect(cli.stdout.text).toContain(
      '\n  template node would be made (abababababab, i)\n' +
        '    from pikaci/dev (cdcdcdcdcdcd), setup run by /bin/sh -e as root, inputs efefefefefef, variables A, secrets TOKEN\n' +
        '  template more is on the host (abababababab, i)\n' +
        '    from the template node (abababababab),',
    );
    const json = cliOf();
    json.pikaci.templates = { examineTemplates: async () => ok([info, more]) };
    expect(await json.run('target-info', 'one', '--json')).toBe(0);
    const { templates } = targetInfoDocumentSchema.parse(JSON.parse(json.stdout.text));
    expect(templates).toMatchObject([
      { name: 'node', state: 'absent', from: { fingerprint: 'cd'.repeat(32), key: null } },
      { name: 'more', state: 'ready', from: { fingerprint: null, key: KEY } },
    ]);
  });

  it('shows the plan all the same when the host cannot be asked', async () => {
    const cli = cliOf();
    cli.pikaci.templates = { examineTemplates: async () => err(fault('host', 'no route')) };
    expect(await cli.run('target-info', 'one')).toBe(0);
    expect(cli.stdout.text).toContain('  prepare (template) node\n');
    expect(cli.stdout.text).toContain('  what the host has of the templates is not known: no route\n');
  });
});

describe('the file of a template', () => {
  const exported = { key: KEY, name: 'node', bytes: 2048, sha256: 'c'.repeat(64), imageLeft: null };
  const imported = {
    ...exported,
    instance: 'i',
    image: { alias: 'pikaci/dev', fingerprint: 'd'.repeat(64) },
    cached: false,
    isBaseHere: true,
  };
  const textOf = async (content: AsyncIterable<Uint8Array>) => {
    let text = '';
    for await (const piece of content) text += Buffer.from(piece).toString();
    return text;
  };

  it('is written where it is said, or goes to standard output with nothing else', async () => {
    const cli = cliOf();
    const sinks: TemplateSink[] = [];
    cli.pikaci.templates = {
      exportTemplate: async (_, sink) => {
        sinks.push(sink);
        if ('write' in sink) await sink.write(Buffer.from('the file'));
        return ok(exported);
      },
    };
    expect(await cli.run('template', 'export', 'node', 'out.img')).toBe(0);
    expect(sinks).toEqual([{ file: join(cli.folder, 'out.img') }]);
    expect(cli.stdout.text).toBe(
      `exported node (abababababab): 2.0 KiB, sha256 ${exported.sha256}, to out.img\n`,
    );
    const before = cli.stdout.text.length;
    expect(await cli.run('template', 'export', 'node', '-')).toBe(0);
    expect(cli.stdout.text.slice(before)).toBe('the file');
    expect(cli.stderr.text).toContain('exported node');
    const shown = new Cli({ files: { 'pikaci.config.json': JSON.stringify(CONFIG) }, terminal: true });
    expect(await shown.run('template', 'export', 'node', '-')).toBe(2);
    expect(shown.stderr.text).toContain('standard output is a terminal');
  });

  it('is read from a file or standard input; what a run here would not find is warned of', async () => {
    const cli = new Cli({ files: { 'pikaci.config.json': JSON.stringify(CONFIG), 'in.img': 'of a file' } });
    const read: string[] = [];
    let isBaseHere = true;
    cli.pikaci.templates = {
      importTemplate: async (content) => {
        read.push(await textOf(content));
        return ok({ ...imported, isBaseHere, cached: read.length > 1 });
      },
    };
    expect(await cli.run('template', 'import', 'in.img')).toBe(0);
    expect(cli.stdout.text).toContain('imported node (abababababab, i): 2.0 KiB, sha256 ccc');
    cli.input = 'of a pipe';
    isBaseHere = false;
    expect(await cli.run('template', 'import', '-')).toBe(0);
    expect(cli.stdout.text).toContain('node (abababababab, i) was there\n');
    expect(read).toEqual(['of a file', 'of a pipe']);
    expect(cli.stderr.text).toContain('a run asks for another template here');
    cli.input = null;
    expect(await cli.run('template', 'import', '-')).toBe(2);
    expect(cli.stderr.text).toContain('standard input is a terminal');
    cli.pikaci.templates = { importTemplate: async () => err(fault('template_refused', 'none')) };
    expect(await cli.run('template', 'import', 'nowhere.img')).toBe(2);
  });
});
