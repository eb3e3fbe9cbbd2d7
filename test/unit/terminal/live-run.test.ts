import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playedCommand } from '../../support/played-command.js';
import { RUN_ID, writeRun } from '../../support/recorded-run.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { type TmuxTerminal, tmuxTerminal } from '../../support/tmux-terminal.js';

const job = (id: string, command: string, more: object = {}) => ({ id, command, ...more });
const CONFIG = {
  host: 'local',
  targets: {
    many: {
      parallel: 9,
      jobs: ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].map((id) => job(id, 'wait')),
    },
    three: { jobs: [job('good', 'exit 0'), job('bad', 'exit 7'), job('long', 'print 40')] },
    hostile: { jobs: [job('hostile', 'hostile')] },
    stubborn: { jobs: [job('stubborn', 'stubborn', { graceSecs: 1 })] },
  },
};
const ESCAPE = '\u001b';

let command: Awaited<ReturnType<typeof playedCommand>>;
let here: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  command = await playedCommand();
  here = await temporaryDirectory();
  await writeFile(join(here.path, 'pikaci.config.json'), JSON.stringify(CONFIG));
}, 100_000);
afterAll(async () => {
  await here?.[Symbol.asyncDispose]();
  await command?.[Symbol.asyncDispose]();
});

/** A prompt, where somebody has typed this. */
async function typed(
  line: string,
  {
    columns = 120,
    rows = 24,
    env = {},
  }: { columns?: number; rows?: number; env?: Record<string, string> } = {},
): Promise<TmuxTerminal> {
  const terminal = await tmuxTerminal(['bash', '--norc', '--noprofile', '-i'], {
    columns,
    rows,
    cwd: here.path,
    env: { PATH: `${command.folder}:${process.env['PATH'] ?? ''}`, PS1: '> ', ...env },
  });
  await terminal.shows(/^> *$/m);
  await terminal.type(line);
  await terminal.press('Enter');
  return terminal;
}

/** Of a job that goes on, in the tree. */
const ROW = /^[\u2800-\u28ff] (one|two|three|four|five|six|seven) /;

const times = (text: string, what: RegExp) => [...text.matchAll(new RegExp(what, 'gm'))].length;

describe('a run in a terminal', () => {
  it('draws its tree once, also after the window was made smaller and larger', async () => {
    await using terminal = await typed('pikaci run many');
    const isWhole = (screen: string) => times(screen, ROW) === 7 && times(screen, /0 of 7 done/) === 1;
    await terminal.shows(isWhole);
    for (const [columns, rows] of [
      [44, 24],
      [44, 14],
      [100, 30],
    ] as const) {
      await terminal.resize(columns, rows);
      const screen = await terminal.shows(isWhole);
      expect(screen.split('\n').every((line) => line.length <= columns)).toBe(true);
    }
    // Before that there is nothing to be ended.
    await terminal.shows(/^[\u2800-\u28ff] seven .* wait_for_completion/m);
    await terminal.press('C-c');
    await terminal.shows(/^> *$/m);
    const history = await terminal.history();
    expect(history).toContain('interrupted: ending the jobs that run');
    // The last tree stays; none that was drawn before it does.
    expect(times(history, /^– seven .* cancelled$/)).toBe(1);
    expect(times(history, ROW)).toBe(0);
  });

  it('leaves a screen of five rows to the log, and says how many run', async () => {
    await using terminal = await typed('pikaci run many', { rows: 5 });
    const wanted = [/^\S 0 of 7 done, 7 running/m, /^… 7 running$/m, /^\[seven\] waiting$/m];
    await terminal.shows((screen) => wanted.every((one) => one.test(screen)));
    await terminal.press('C-c');
    await terminal.shows(/^> *$/m);
    expect(times(await terminal.history(), /7 running/)).toBe(0);
  });

  it('has colours, and ends with the status of its jobs', async () => {
    await using terminal = await typed('pikaci run three; echo status $?');
    await terminal.shows(/^✗ bad .*exit code 7/m);
    await terminal.press('C-c');
    await terminal.shows(/^status 130$/m);
    const screen = await terminal.screen('colours');
    expect(screen).toContain(`${ESCAPE}[32m✓`);
    expect(screen).toContain(`${ESCAPE}[31m✗`);
    expect(await terminal.history()).toMatch(/^\[long\] line 1$/m);
  });

  it.each(['NO_COLOR=1', 'TERM=dumb'])(
    'is plain lines with %s, each of which is written once',
    async (setting) => {
      await using terminal = await typed(`${setting} pikaci run three; echo status $?`);
      await terminal.shows(/^\[long\] waiting$/m);
      await terminal.press('C-c');
      await terminal.shows(/^status 130$/m);
      expect(await terminal.screen('colours')).not.toContain(ESCAPE);
      const history = await terminal.history();
      expect(times(history, /^\[bad\] launch_guest … /)).toBe(1);
      expect(times(history, /^\[long\] wait_for_completion … /)).toBe(1);
    },
  );

  it.each(['', 'TERM=dumb '])(
    'lets no job move its cursor, change its title or its screen: %sonly colours pass',
    async (setting) => {
      await using terminal = await typed(`${setting}pikaci run hostile; echo status $?`);
      const screen = await terminal.shows(/^status 0$/m);
      expect(screen).toMatch(/^> (TERM=dumb )?pikaci run hostile; echo status \$\?$/m);
      expect(screen).toMatch(/^red last$/m);
      expect(await terminal.screen('colours')).toContain(`${ESCAPE}[31mred`);
      expect(await terminal.title()).not.toContain('owned');
    },
  );

  it('shows recorded logs the same way, and as they are with --raw', async () => {
    const runDir = await writeRun(join(here.path, '.pikaci'));
    await writeFile(join(runDir, 'jobs/unit/guest.log'), 'first\n\x1b]2;owned\x07\x1b[1Asecond\n');
    await using terminal = await typed(`pikaci logs ${RUN_ID}; echo status $?`);
    expect(await terminal.shows(/^status 0$/m)).toMatch(/^first\nsecond\nstatus 0$/m);
    expect(await terminal.title()).not.toContain('owned');
    await terminal.type(`clear; pikaci logs ${RUN_ID} --raw; echo now $?`);
    await terminal.press('Enter');
    expect(await terminal.shows(/^now 0$/m)).toMatch(/^second\nnow 0$/m);
    expect(await terminal.title()).toBe('owned');
  });

  it.each(['run stubborn', 'exec -- stubborn now'])(
    '%s: INT, then TERM, as forges cancel, ends it, and does not leave',
    async (words) => {
      const child = spawn(join(command.folder, 'pikaci'), words.split(' '), { cwd: here.path });
      const says = (text: string) =>
        new Promise<void>((resolve) => {
          let said = '';
          const look = (data: Buffer) => {
            said += data.toString('utf8');
            if (said.includes(text)) resolve();
          };
          for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
        });
      let all = '';
      child.stderr.on('data', (data: Buffer) => {
        all += data.toString('utf8');
      });
      const closed = once(child, 'close');
      const begun = says('waiting\n');
      const answered = says('Ctrl-C leaves at once');
      await begun;
      child.kill('SIGINT');
      await answered;
      child.kill('SIGTERM');
      const [code] = await closed;
      expect(all).toMatch(/what still runs gets no more grace[\s\S]* cancelled/);
      expect(all).not.toMatch(/left behind|may stay/);
      expect(code).toBe(130);
    },
  );

  it('ends at once with a second Ctrl-C, says what may stay, and gives the terminal back as it was', async () => {
    await using terminal = await typed('pikaci run stubborn; echo status $?');
    await terminal.shows(/^waiting$/m);
    await terminal.press('C-c');
    await terminal.shows(/Ctrl-C leaves at once/);
    await terminal.press('C-c');
    const screen = await terminal.shows(/^status 130$/m);
    expect(screen).toMatch(/the machine pikaci-\w+ on memory may still run/);
    expect(screen).toMatch(/pikaci attach \S+ stubborn/);
    await terminal.type('stty -a | tr " ;" "\\n\\n" | grep -xE -e "-?(echo|icanon|isig)" | xargs');
    await terminal.press('Enter');
    await terminal.shows(/^isig icanon echo$/m);
    expect(await terminal.cursor()).toBe('shown');
  });
});
