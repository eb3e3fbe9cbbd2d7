import { describe, expect, it } from 'vitest';
import { targetConfigSchema } from '../../../../src/domain/target/target-config.js';
import { templateConfigSchema } from '../../../../src/domain/target/template-config.js';
import { templateKey } from '../../../../src/domain/target/template-key.js';

const TEMPLATE = { from: 'pikaci/dev', setup: 'npm ci', env: { A: '1', B: '2' }, timeoutSecs: 60 };
const PARENT = { fingerprint: 'f'.repeat(64) };

function keyOf(more: object = {}, rest: Partial<Parameters<typeof templateKey>[0]> = {}): string {
  const config = templateConfigSchema.parse({ ...TEMPLATE, ...more });
  return templateKey({ parent: PARENT, config, inputsHash: 'i', ...rest });
}

describe('the key of a template', () => {
  it.each([
    ['its setup', { setup: 'npm ci --omit=dev' }],
    ['its shell', { shell: 'bash' }],
    ['its environment', { env: { A: '1', B: '3' } }],
    ['its user', { user: 'node' }],
    ['root', { runAsRoot: true }],
    ['the size of its disk', { limits: { disk: '2GiB' } }],
    ['the name of a secret', { secrets: { TOKEN: { env: 'NPM_TOKEN' } } }],
  ])('is another one with another %s', (_, more) => {
    expect(keyOf(more)).not.toBe(keyOf());
    expect(keyOf(more)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is another one on another image, another template, and with other inputs', () => {
    const keys = [
      keyOf(),
      keyOf({}, { parent: { fingerprint: '0'.repeat(64) } }),
      keyOf({}, { parent: { key: PARENT.fingerprint } }),
      keyOf({}, { inputsHash: 'j' }),
      keyOf({}, { inputsHash: null }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is the same whatever the order of variables, its time, its memory, its description and whence a secret comes', () => {
    expect(keyOf({ env: { B: '2', A: '1' } })).toBe(keyOf());
    expect(keyOf({ timeoutSecs: 61, limits: { memory: '1GiB', cpu: 2 }, description: 'all' })).toBe(keyOf());
    expect(keyOf({ secrets: { TOKEN: { env: 'A' } } })).toBe(keyOf({ secrets: { TOKEN: { env: 'B' } } }));
  });
});

describe('the templates of a target', () => {
  const job = { id: 'test', command: 'true' };
  const issues = (target: object) =>
    targetConfigSchema.safeParse(target).error?.issues.map(({ path, message }) => [path.join('.'), message]);

  it('are named by their jobs, which are containers', () => {
    const templates = { node: TEMPLATE };
    expect(issues({ templates, jobs: [{ ...job, template: 'node' }] })).toBeUndefined();
    expect(issues({ templates, jobs: [{ ...job, template: 'nod' }] })).toEqual([
      ['jobs.0.template', 'there is no template "nod"; the target has node'],
    ]);
    const machine = { ...job, template: 'node', instanceType: 'virtual-machine' };
    expect(issues({ templates, jobs: [machine] })).toMatchObject([
      ['jobs.0.instanceType', expect.anything()],
    ]);
  });

  it('are refused with a setup by root and by another at once, and with inputs outside of the workspace', () => {
    const refused = { ...TEMPLATE, runAsRoot: true, user: 'node', inputs: ['/etc/passwd'] };
    expect(issues({ templates: { node: refused }, jobs: [job] })?.map(([path]) => path)).toEqual(
      expect.arrayContaining(['templates.node.inputs.0']),
    );
  });
});
