import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface TestAgent extends Disposable {
  readonly socket: string;
}

/** Starts a real ssh-agent that holds these private keys. */
export async function startAgent(socket: string, keys: readonly string[]): Promise<TestAgent> {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(agent.stdout, 'data');
  for (const key of keys)
    execFileSync('ssh-add', ['-q', key], { env: { SSH_AUTH_SOCK: socket, PATH: process.env['PATH'] } });
  return { socket, [Symbol.dispose]: () => void agent.kill() };
}
