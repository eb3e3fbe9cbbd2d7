import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

describe.concurrent('what a job is given and what it prints', () => {
  it('environment values come through unchanged: newlines, quotes, dollars, unicode, nothing', async () => {
    const env = {
      LINES_: 'one\ntwo\n',
      QUOTES: `it's "so" \`id\` $(id) \${HOME} \\n \\`,
      UNICODE: 'ü 😀 \u2028 \u0001',
      EMPTY: '',
      SPACES: '  a  b  ',
      LONG: 'x'.repeat(100_000),
    };
    const { log } = await site.finish({
      command: Object.keys(env)
        .map((name) => `printf '%s\\0' "$${name}"`)
        .join('; '),
      env,
    });
    expect(log.toString()).toBe(
      Object.values(env)
        .map((value) => `${value}\0`)
        .join(''),
    );
  });

  it('a command may have 100 KB and every character', async () => {
    const padding = `# ${'comment with \' and " and $( and ü\n# '.repeat(3000)}`;
    expect(padding.length).toBeGreaterThan(100_000);
    const { log, run } = await site.finish({ command: `${padding}\necho "it's \\"fine\\"" '$HOME'` });
    expect(log.toString()).toBe(`it's "fine" $HOME\n`);
    expect(run.outcome.status).toBe('passed');
  });

  it('a megabyte without a newline comes whole', async () => {
    const { log, run } = await site.finish({ command: 'head -c 1000000 /dev/zero | tr "\\0" x' });
    expect(log.equals(Buffer.alloc(1_000_000, 'x'))).toBe(true);
    expect(run.outcome.log_bytes).toBe(1_000_000);
  });

  it('a binary log comes byte for byte', async () => {
    const { log, events } = await site.finish({
      command: 'head -c 500000 /dev/urandom | tee /artifacts/raw; sha256sum </artifacts/raw',
    });
    const raw = log.subarray(0, 500_000);
    expect(log.subarray(500_000).toString()).toContain(createHash('sha256').update(raw).digest('hex'));
    expect(events.log().equals(log)).toBe(true);
  });

  it('the job runs in its workspace with a home, a user and the documented variables', async () => {
    const script =
      'pwd; echo $HOME; id -un; echo $USER; echo $CI $PIKACI $PIKACI_ARTIFACTS $CARGO_HOME $CARGO_TARGET_DIR; touch $HOME/x $CARGO_HOME/x $CARGO_TARGET_DIR/x && cat </dev/stdin | wc -c';
    const common = 'true 1 /artifacts /cargo-home /cargo-target\n0\n';
    const pikaci = await site.finish({ command: script });
    expect(pikaci.log.toString()).toBe(`/workspace/snapshot\n/home/pikaci\npikaci\npikaci\n${common}`);
    const root = await site.finish({ command: script, runAsRoot: true });
    expect(root.log.toString()).toBe(`/workspace/snapshot\n/root\nroot\nroot\n${common}`);
  });

  it('a user that the image lacks is named', async () => {
    const { run } = await site.finish({ command: 'true', user: 'nobody-here' });
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'setup', exit_code: null });
    expect(run.outcome.message).toMatch(/no user nobody-here/);
  });
});
