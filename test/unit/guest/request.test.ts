import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

const hostile = [
  `it's "quoted" \\ and \\\\ \\n`,
  'two\nlines\n\n',
  '$(touch /tmp/owned) `id` ${HOME} $HOME !! ; & | > <',
  '\t\r\b\f\u0001\u001f\u007f',
  'grüße 漢字 😀 \u{10ffff}',
  "'",
  "'\\''",
  '',
  '-n',
  '%s %d \\047 &',
];

describe.each(guestShells())('a guest request read by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  it('hands every value of the environment to the job, byte for byte', async () => {
    guest = new GuestMachine(shell);
    const environment = Object.fromEntries(hostile.map((value, index) => [`V${index}`, value]));
    const command = hostile.map((_, index) => `printf '%s\\037\\036' "$V${index}"`).join('; ');
    const ended = await guest.run({ command, environment }).ended;
    expect(ended.stdout.toString().split('\u001f\u001e')).toEqual([...hostile, '']);
    expect(guest.statusOf(ended).result?.status).toBe('passed');
  });

  it('runs a command of any characters as it was sent', async () => {
    guest = new GuestMachine(shell);
    const text = hostile.join('|');
    const command = `cat <<'END_OF_TEXT'\n${text}\nEND_OF_TEXT\n`;
    const ended = await guest.run({ command }).ended;
    expect(ended.stdout.toString()).toBe(`${text}\n`);
  });

  it.each([
    ['letters', 'x'],
    ['quotes', `"`],
    ['single quotes', `'`],
    ['backslashes', `\\`],
    ['lines', '\n'],
    ['emoji', '😀'],
  ])('takes a command and a value of 100 KB of %s', async (_, unit) => {
    guest = new GuestMachine(shell);
    const big = unit.repeat(100_000 / Buffer.byteLength(unit));
    const command = `cat <<'END_OF_TEXT'\n${big}\nEND_OF_TEXT\nprintf %s "$BIG"`;
    const ended = await guest.run({ command, environment: { BIG: big } }).ended;
    expect(ended.stdout.toString() === `${big}\n${big}`).toBe(true);
  });

  it('keeps the request as it was sent, beside the log', async () => {
    guest = new GuestMachine(shell);
    const sent = JSON.stringify(
      guest.request({ command: 'echo "ü😀"', later: { a: [1, -2.5e3, { b: null }] } }),
    );
    await guest.runText(`${sent}\n`).ended;
    expect(readFileSync(join(guest.artifacts, 'guest-request.json'), 'utf8')).toBe(`${sent}\n`);
  });

  it('reads escapes, white space, unknown keys and keys that come twice as JSON has it', async () => {
    guest = new GuestMachine(shell);
    const fields = JSON.stringify(guest.request()).slice(1, -1);
    const text = `\t{ "x" :[ 1,[],{ } ,"]}" ],${fields} , "command":"no", "environment":{"A":"old","B":"gone"},
      "environment":{ "A":"1","A":"\\u0041\\u00e9\\ud83d\\ude00\\/\\"" },"command" : "printf %s \\"$A\\u0024B\\"" }`;
    const ended = await guest.runText(`${text.replace('\n', '\r')}\n`).ended;
    expect(ended.stdout.toString()).toBe('Aé😀/"');
  });

  it('gives the job a clean environment with the promised names', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({
      command: 'env',
      environment: { TMPDIR: '/x', CI: 'maybe', PIKACI_JOB_TOKEN: 'mine' },
    }).ended;
    const lines = ended.stdout.toString().trim().split('\n');
    const names = lines
      .map((line) => line.split('=')[0])
      .filter((name) => name !== '_' && name !== 'SHLVL' && name !== 'PWD');
    expect(names.sort()).toEqual(
      [
        'CARGO_HOME',
        'CARGO_TARGET_DIR',
        'CI',
        'HOME',
        'LANG',
        'LOGNAME',
        'PATH',
        'PIKACI',
        'PIKACI_ARTIFACTS',
        'PIKACI_JOB_TOKEN',
      ].concat(['SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER', 'XDG_STATE_HOME']),
    );
    expect(lines).toContain('CI=maybe');
    expect(lines).not.toContain('PIKACI_JOB_TOKEN=mine');
    expect(lines).toContain(`CARGO_TARGET_DIR=${guest.root}/cargo-target`);
  });

  it('has what its instance was given below all that it was given itself, and above the usual', async () => {
    const instance = {
      http_proxy: 'http://proxy:3128',
      NO_PROXY: "it's\nthree lines\n",
      TZ: 'Europe/Berlin',
      TERM: 'xterm',
      PIKACI_GIVEN_PATH: '/opt/tools/bin:/usr/bin',
      HOME: '/elsewhere',
      USER: 'somebody',
      CARGO_HOME: '/elsewhere',
      CI: 'woodpecker',
      LC_ALL: 'C.UTF-8',
    };
    guest = new GuestMachine(shell, { environment: instance });
    const command =
      'printf "%s|" "$http_proxy" "$NO_PROXY" "$TZ" "$TERM" "$CI" "$LC_ALL" "$HOME" "$PATH"; env | grep -c ^CARGO_HOME=/elsewhere';
    const ended = await guest.run({ command, environment: { TERM: 'mine' } }).ended;
    const [proxy, none, zone, term, ci, locale, home, path] = ended.stdout.toString().split('|');
    expect({ proxy, none, zone, term, ci, locale, home }).toEqual({
      proxy: instance.http_proxy,
      none: instance.NO_PROXY,
      zone: 'Europe/Berlin',
      term: 'mine',
      ci: 'woodpecker',
      locale: 'C.UTF-8',
      home: join(guest.root, 'home'),
    });
    expect(path).toBe(
      '/opt/tools/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin:/run/wrappers/bin:/run/current-system/sw/bin',
    );
    expect(ended.stdout.toString()).toMatch(/\|0\n$/);
  });

  it('has the usual search path where its instance has that, with what it has besides', async () => {
    const usual = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const both = `${usual}:/run/wrappers/bin:/run/current-system/sw/bin`;
    for (const [given, path] of [
      ['', both],
      [usual, both],
      [`${usual}:/run/current-system/sw/bin:/snap/bin:relative`, `${both}:/snap/bin`],
    ] as const) {
      guest = new GuestMachine(shell, { environment: { PIKACI_GIVEN_PATH: given } });
      const ended = await guest.run({ command: 'echo "$PATH"' }).ended;
      expect(ended.stdout.toString()).toBe(`${path}\n`);
      await guest.remove();
    }
  });

  it.each([
    ['schema_version', { schema_version: 2 }],
    ['schema_version', { schema_version: '1' }],
    ['command', { command: '' }],
    ['command', { command: undefined }],
    ['command', { command: 'a\0b' }],
    ['command', { command: ['true'] }],
    ['command', { command: '\ud800' }],
    ['timeout_secs', { timeout_secs: 0 }],
    ['timeout_secs', { timeout_secs: 1.5 }],
    ['timeout_secs', { timeout_secs: '5' }],
    ['timeout_secs', { timeout_secs: -1 }],
    ['timeout_secs', { timeout_secs: 1e10 }],
    ['run_as_root', { run_as_root: 'yes' }],
    ['workspace_dir', { workspace_dir: 'relative' }],
    ['cache_dirs', { cache_dirs: '/cache' }],
    ['cache_dirs', { cache_dirs: ['/'] }],
    ['cache_dirs', { cache_dirs: ['/a/../b'] }],
    ['cache_dirs', { cache_dirs: ['/a\nb'] }],
    ['cache_dirs', { cache_dirs: [7] }],
    ['cache_dirs', { cache_dirs: Array.from({ length: 65 }, (_, n) => `/c${n}`) }],
    ['workspace_dir', { workspace_dir: '/' }],
    ['cargo_home_dir', { cargo_home_dir: '/a/../b' }],
    ['target_dir', { target_dir: '/a//b' }],
    ['xdg_state_home_dir', { xdg_state_home_dir: '/a/.' }],
    ['home_dir', { home_dir: '/a/' }],
    ['home_dir', { home_dir: '/a\nb' }],
    ['grace_secs', { grace_secs: -1 }],
    ['writable_workspace', { writable_workspace: 1 }],
    ['user', { run_as_root: false, user: 'a b' }],
    ['user', { run_as_root: false, user: 'root' }],
    ['user', { run_as_root: true, user: 'nobody' }],
    ['environment', { environment: [] }],
    ['environment', { environment: { 'A=B': 'x' } }],
    ['environment', { environment: { A: 1 } }],
    ['environment', { environment: { A: { B: 'x' } } }],
    ['environment', { environment: { A: 'x\0' } }],
    ['environment', { environment: { A: 'x'.repeat(131_072) } }],
  ])('refuses a request whose %s is %j, by name, and starts nothing', async (field, fields) => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({
      ...fields,
      ...('command' in fields ? {} : { command: `touch ${guest.root}/ran` }),
    }).ended;
    expect(ended.code).toBe(64);
    expect(ended.stderr).toMatch(new RegExp(`^pikaci-incus-run: invalid_request: ${field}: .{1,300}\n$`));
    expect(guest.resultFile()).toMatchObject({ status: 'failed', exit_code: null, cause: 'invalid_request' });
    expect(await guest.status()).toMatchObject({
      state: 'finished',
      log_bytes: 0,
      result: guest.resultFile(),
    });
    expect(existsSync(join(guest.root, 'ran'))).toBe(false);
  });

  it.each([
    '\n',
    'null\n',
    '[]\n',
    '{\n',
    '{"a":1}}\n',
    '{"a" 1}\n',
    '{"a":"b\n',
    '{"a":tru}\n',
    `${'['.repeat(9999)}\n`,
    '{"a":"\t"}\n',
  ])('refuses %j, which is not a JSON object', async (text) => {
    guest = new GuestMachine(shell);
    const ended = await guest.runText(text).ended;
    expect(ended.code).toBe(64);
    expect(ended.stderr).toMatch(/^pikaci-incus-run: invalid_request: .+\n$/);
  });

  it('starts and keeps nothing of a request that did not arrive whole, and takes the next one', async () => {
    guest = new GuestMachine(shell);
    const request = JSON.stringify(
      guest.request({ command: 'echo "{}"; echo "}"', environment: { A: '\\"}' } }),
    );
    const whole = `${request}\n${JSON.stringify({ TOKEN: 'a}"\\' })}\n`;
    const cuts = [0, 1, 20, request.indexOf('}') + 1, request.length - 2, request.length - 1, request.length];
    for (const end of [...cuts, request.length + 2, whole.length - 3]) {
      const ended = await guest.runText(whole.slice(0, end)).ended;
      expect([ended.code, ended.stdout.length], `${end}`).toEqual([65, 0]);
      expect(ended.stderr).toMatch(/^pikaci-incus-run: truncated: .+\n$/);
      expect((await guest.status()).state).toBe('absent');
      expect(readdirSync(guest.state).filter((name) => name !== 'supervisor.log')).toEqual([]);
    }
    const ended = await guest.runText(whole).ended;
    expect(ended.stdout.toString()).toBe('{}\n}\n');
  });

  it('takes a request behind which there is neither a second line nor more', async () => {
    guest = new GuestMachine(shell);
    const request = JSON.stringify(guest.request({ command: 'echo ran' }));
    expect((await guest.runText(`${request}\n`).ended).stdout.toString()).toBe('ran\n');
  });

  it('refuses secrets that are not strings under plain names, without printing them', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.runText(`${JSON.stringify(guest.request())}\n{"../A":"hunter2"}\n`).ended;
    expect(ended.code).toBe(64);
    expect(ended.stderr).toBe('pikaci-incus-run: invalid_request: secrets: ???A is not a valid name\n');
  });
});
