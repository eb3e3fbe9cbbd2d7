import { execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary-directory.js';

/** For a screen to come to show something; on a busy machine a shell takes its time to begin. */
const BOUND_MS = 40_000;

export interface TmuxOptions {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program in a real terminal: tmux's, with a server of its own. */
export interface TmuxTerminal extends AsyncDisposable {
  /** What is typed: text, or the names of keys (`Tab`, `C-c`). */
  type(text: string): Promise<void>;
  press(...keys: readonly string[]): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** As it is now, line by line, without blanks at the ends; with `colours` as the escapes say them. */
  screen(how?: 'plain' | 'colours'): Promise<string>;
  /** Everything that was on it, those lines included that have left it at the top. */
  history(): Promise<string>;
  cursor(): Promise<'shown' | 'hidden'>;
  /** What programs have called it. */
  title(): Promise<string>;
  /** Resolves with the screen once it matches. */
  shows(what: RegExp | ((screen: string) => boolean)): Promise<string>;
}

export async function tmuxTerminal(
  argv: readonly string[],
  { columns, rows, cwd, env }: TmuxOptions,
): Promise<TmuxTerminal> {
  const directory = await temporaryDirectory();
  const server = ['-f', '/dev/null', '-S', join(directory.path, 'socket')];
  const environment = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', HOME: directory.path, ...env };
  const tmux = async (...words: readonly string[]) =>
    (await promisify(execFile)('tmux', [...server, ...words], { env: environment, timeout: BOUND_MS }))
      .stdout;
  // The first command of the server, so that its windows are as the test wants them.
  const size = ['-x', String(columns), '-y', String(rows)];
  const inside = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const ask = ['set-option', '-g', 'remain-on-exit', 'on', ';'];
  await tmux('start-server', ';', ...ask, 'new-session', '-d', ...size, '-c', cwd, ...inside, '--', ...argv);
  // Tells of everything that comes to the screen.
  const control = spawn('tmux', [...server, '-C', 'attach'], {
    env: environment,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(control, 'close');
  const changes = new EventEmitter();
  createInterface({ input: control.stdout }).on('line', () => void changes.emit('change'));
  const screen = (how: 'plain' | 'colours' = 'plain') =>
    tmux('capture-pane', '-p', ...(how === 'colours' ? ['-e'] : []));
  return {
    type: async (text) => void (await tmux('send-keys', '-l', '--', text)),
    press: async (...keys) => void (await tmux('send-keys', '--', ...keys)),
    resize: async (width, height) =>
      void (await tmux('resize-window', '-x', String(width), '-y', String(height))),
    screen,
    history: () => tmux('capture-pane', '-p', '-J', '-S', '-'),
    cursor: async () =>
      (await tmux('display-message', '-p', '#{cursor_flag}')).trim() === '1' ? 'shown' : 'hidden',
    title: async () => (await tmux('display-message', '-p', '#{pane_title}')).trim(),
    async shows(what) {
      const signal = AbortSignal.timeout(BOUND_MS);
      for (;;) {
        const changed = once(changes, 'change', { signal }).then(
          () => true,
          () => false,
        );
        const now = await screen();
        if (typeof what === 'function' ? what(now) : what.test(now)) return now;
        if (!(await changed)) throw new Error(`this did not come: ${what}\n${now}`);
      }
    },
    async [Symbol.asyncDispose]() {
      await tmux('kill-server');
      await ended;
      await directory[Symbol.asyncDispose]();
    },
  };
}
