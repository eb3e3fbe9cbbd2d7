import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

/** Shell text that exports these bytes. */
const exporting = (text: string) => `cat >>"$PIKACI_ENV" <<'END_OF_EXPORTS'\n${text}\nEND_OF_EXPORTS\n`;
const hostile = [
  'V0=$(touch "$HOME/owned") `touch "$HOME/owned"` ${HOME} \\ " \' ; & | > <',
  "V1=it's '\\'' quoted'",
  'V2==two = << signs',
  'V3=',
  'V4<<EOF',
  '\'; touch "$HOME/owned"; \'',
  '',
  'EOF ',
  ' EOF',
  'V1=not this one',
  'EOF',
  'V5<<  two words',
  'within',
  '  two words',
  'V6=grüße 漢字 😀',
];
const read = ['V0', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6']
  .map((name) => `printf '%s\\037' "$${name}"`)
  .join('; ');
const values = [
  '$(touch "$HOME/owned") `touch "$HOME/owned"` ${HOME} \\ " \' ; & | > <',
  "it's '\\'' quoted'",
  '=two = << signs',
  '',
  '\'; touch "$HOME/owned"; \'\n\nEOF \n EOF\nV1=not this one',
  'within',
  'grüße 漢字 😀',
];

describe.each(guestShells())('variables that steps export with $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  const run = (commands: readonly string[], fields: Record<string, unknown> = {}) => {
    guest = new GuestMachine(shell);
    const steps = commands.map((command, index) => ({ id: `s${index}`, command }));
    return guest.run({ command: '', steps, ...fields }).ended;
  };
  const log = () => readFileSync(join(guest.state, 'supervisor.log'), 'utf8');

  it('go to all later steps, byte for byte, and are never evaluated', async () => {
    const ended = await run([exporting(hostile.join('\n')), read, `export V0=changed; ${read}`]);
    const once = `${values.join('\u001f')}\u001f`;
    expect(ended.stdout.toString()).toBe(once + once.replace(values[0] ?? '', 'changed'));
    expect(existsSync(join(guest.root, 'home/owned'))).toBe(false);
    expect(log()).not.toContain('ignored');
  });

  it('stand above those of the request and below those of the step, and the last one counts', async () => {
    guest = new GuestMachine(shell);
    const show = 'echo "$A $B $C"';
    const ended = await guest.run({
      command: '',
      environment: { A: 'request', B: 'request', C: 'request' },
      steps: [
        {
          id: 'a',
          command: `${show}; echo B=old >>"$PIKACI_ENV"; echo B=first >>"$PIKACI_ENV"; exit 1`,
          continue_on_error: true,
        },
        { id: 'b', command: `${show}; printf 'C=second' >>"$PIKACI_ENV"`, environment: { B: 'own' } },
        { id: 'c', command: `${show}; cat "$PIKACI_ENV"` },
      ],
    }).ended;
    expect(ended.stdout.toString()).toBe(
      'request request request\nrequest own request\nrequest first second\n',
    );
  });

  it('are left out, with a line in the log of the supervisor, when they are malformed', async () => {
    const text = [
      'A=good',
      'PIKACI_JOB_TOKEN=mine',
      'PIKACI=0',
      '1A=x',
      'A B=x',
      '=x',
      'no sign',
      '<<EOF',
      'A<<',
      `BIG=${'x'.repeat(131_072)}`,
      'LAST=good',
      'OPEN<<NEVER',
      'A=inside',
    ].join('\n');
    const ended = await run([
      exporting(text),
      'echo "$A $LAST ${BIG-none} ${OPEN-none} $PIKACI"; grep -cz "^PIKACI_JOB_TOKEN=mine" /proc/$$/environ; :',
    ]);
    expect(ended.stdout.toString()).toBe('good good none none 1\n0\n');
    expect(log().match(/PIKACI_ENV of s0: line \d+: ignored: /g)?.length).toBe(10);
    expect(log()).not.toContain('mine');
    const told = guest
      .stepsOf(ended)
      .told.map(({ id, state, warnings }) => [id, state, warnings?.length ?? 0]);
    expect(told).toEqual([
      ['s0', 'running', 0],
      ['s0', 'passed', 10],
      ['s1', 'running', 0],
      ['s1', 'passed', 0],
    ]);
  });

  it('are told as a warning of the step of an open machine, too, when they are left out', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.runStep('one', { command: exporting('1A="x"') }).ended;
    expect(guest.statusOf(ended).result).toMatchObject({
      status: 'passed',
      warnings: ['PIKACI_ENV of one: line 1: ignored: not a valid name'],
    });
    const next = await guest.runStep('two', { command: exporting('A=x') }).ended;
    expect(guest.statusOf(next).result).not.toHaveProperty('warnings');
  });

  it.each([
    [
      'too many bytes',
      'head -c 3000000 /dev/zero | tr "\\\\0" x >>"$PIKACI_ENV"',
      /ignored: it is longer than 2097152 bytes/,
    ],
    ['a NUL', 'printf "A=x\\\\0y\\\\n" >>"$PIKACI_ENV"', /ignored: it has a NUL/],
    [
      'more than a megabyte together',
      'for i in 1 2 3 4 5 6 7 8 9 10; do echo "V$i=$(head -c 120000 /dev/zero | tr "\\\\0" x)"; done >>"$PIKACI_ENV"',
      /ignored: all together/,
    ],
  ])('do not harm what comes next with %s', async (_, command, said) => {
    const ended = await run([
      `${command.replaceAll('\\\\', '\\')}; echo K=kept >"$HOME/x"`,
      'echo "next ${A-none} ${V10-none}"',
    ]);
    expect(ended.stdout.toString()).toBe('next none none\n');
    expect(guest.stepsOf(ended).status.result).toMatchObject({ status: 'passed' });
    expect(log()).toMatch(said);
  });

  it('go to the later steps of a machine that stays open', async () => {
    guest = new GuestMachine(shell);
    await guest.runStep('one', { command: exporting('A=exported\nB=exported') }).ended;
    const second = await guest.runStep('two', {
      command: 'echo "$A $B"; echo A=again >"$PIKACI_ENV"',
      environment: { B: 'own' },
    }).ended;
    expect(second.stdout.toString()).toBe('exported own\n');
    const third = await guest.runStep('three', { command: 'echo "$A $B"; cat "$PIKACI_ENV"' }).ended;
    expect(third.stdout.toString()).toBe('again exported\n');
  });

  if (isRoot) {
    it('come through a file that is the user’s own, in which no link is followed', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const steps = [
        {
          id: 'a',
          command: `stat -c %U:%s "$PIKACI_ENV"; rm -f "$PIKACI_ENV"; ln -sf ${guest.root}/passwd "$PIKACI_ENV"; echo A=x >>"$PIKACI_ENV"`,
        },
        { id: 'b', command: 'echo "$A"; stat -c %U "$PIKACI_ENV"', user: 'nobody' },
      ];
      const ended = await guest.run({ command: '', run_as_root: false, steps }).ended;
      expect(ended.stdout.toString()).toMatch(/^pikaci:0\n(.*\n)+x\nnobody\n$/);
      expect(statSync(join(guest.root, 'state-job/env')).mode & 0o777).toBe(0o755);
    });
  }
});
