import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCommand } from '../../support/built-command.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { type TmuxTerminal, tmuxTerminal } from '../../support/tmux-terminal.js';

const OLDER = '20261122-080000-000001';
const CONFIG = {
  host: 'local',
  targets: {
    test: { jobs: [{ id: 'unit', command: 'true' }] },
    docs: { jobs: [{ id: 's', command: 'true' }] },
  },
};

/** A shell without anybody's settings, and what somebody types into it first. */
const SHELLS = [
  ['bash', ['bash', '--norc', '--noprofile', '-i'], 'PS1="> "; eval "$(pikaci completion bash)"'],
  [
    'zsh',
    ['zsh', '-f', '-i'],
    'PROMPT="> "; autoload -Uz compinit && compinit -u -D; eval "$(pikaci completion zsh)"',
  ],
  [
    'fish',
    ['fish', '--no-config', '-i'],
    'function fish_prompt; echo -n "> "; end; pikaci completion fish | source',
  ],
] as const;

let command: Awaited<ReturnType<typeof builtCommand>>;
let here: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  command = await builtCommand();
  here = await temporaryDirectory();
  const state = join(here.path, '.pikaci');
  await writeFile(join(here.path, 'pikaci.config.json'), JSON.stringify(CONFIG));
  await writeRun(state, runRecord({ jobs: [runJobRecord('unit'), runJobRecord('e2e')] }));
  await writeRun(state, runRecord({ run_id: OLDER, created_at: '2026-11-22T08:00:00.000Z' }));
  await mkdir(join(here.path, 'a folder'));
}, 200_000);
afterAll(async () => {
  await here?.[Symbol.asyncDispose]();
  await command?.[Symbol.asyncDispose]();
});

describe.each(SHELLS)('in %s', (shell, argv, begin) => {
  async function prompt(): Promise<TmuxTerminal> {
    const env = { PATH: `${command.folder}:${process.env['PATH'] ?? ''}`, TERM: 'screen' };
    const terminal = await tmuxTerminal(argv, { columns: 100, rows: 24, cwd: here.path, env });
    // What is typed before the shell reads keys would be echoed twice.
    await terminal.shows(/\S/);
    await terminal.type(`${begin}; echo rea''dy`);
    await terminal.press('Enter');
    await terminal.shows(/^ready\n> ?\n*$/m);
    return terminal;
  }

  it.each([
    ['pikaci reru', 'pikaci rerun'],
    ['pikaci run --fail', 'pikaci run --fail-fast'],
    ['pikaci run te', 'pikaci run test'],
    [`pikaci logs ${RUN_ID} --job e`, `pikaci logs ${RUN_ID} --job e2e`],
    ['pikaci status 20261122', `pikaci status ${OLDER}`],
    ['pikaci logs --kind=ho', 'pikaci logs --kind=host'],
    ['pikaci run --config pika', 'pikaci run --config pikaci.config.json'],
    ['pikaci run --config=pika', 'pikaci run --config=pikaci.config.json'],
    ['pikaci run --workspace a', 'pikaci run --workspace a\\ folder/'],
    ['pikaci machine run m1 whoa', 'pikaci machine run m1 whoami'],
  ])('%s becomes %s', async (typed, whole) => {
    await using terminal = await prompt();
    await terminal.type(typed);
    await terminal.press('Tab');
    await terminal.shows((screen) => screen.includes(`> ${whole}`));
  });

  it('shows the runs, the newest first', async () => {
    await using terminal = await prompt();
    await terminal.type('pikaci attach ');
    await terminal.press('Tab');
    if (shell !== 'fish') {
      await terminal.shows(/attach 2026112/);
      // What they have in common is there; bash lists them when it has nothing more to add.
      await terminal.press('Tab', 'Tab');
    }
    const screen = await terminal.shows((now) => now.includes(OLDER) && now.includes(RUN_ID));
    expect(screen.lastIndexOf(RUN_ID)).toBeLessThan(screen.lastIndexOf(OLDER));
    // Bash shows words alone.
    if (shell !== 'bash') expect(screen).toContain('passed t 2026-11-22');
  });
});
