import type { AgentAuthMethod, ParsedKey } from 'ssh2';
import { bounded } from '../../streams/bounded.js';
import type { Ssh2 } from './load-ssh2.js';

/** An agent that does not answer must not hold up the key files for the whole handshake. */
const ANSWER_MS = 5_000;

/** A key that an agent holds, and the way to authenticate with it alone. */
export interface AgentKey {
  /** The public key in wire form. */
  readonly blob: Buffer;
  readonly method: (username: string) => AgentAuthMethod;
}

/** The keys of an agent, in its order; none where the agent is not there or does not answer. */
export async function agentKeys(
  ssh2: Ssh2,
  socket: string,
  limits: { readonly ms: number; readonly signal: AbortSignal },
): Promise<readonly AgentKey[]> {
  const agent = new ssh2.OpenSSHAgent(socket);
  const listed = new Promise<readonly ParsedKey[]>((resolve) => {
    agent.getIdentities((error, keys) => resolve(error ? [] : ((keys ?? []) as ParsedKey[])));
  });
  const keys = await bounded(listed, { ms: Math.min(ANSWER_MS, limits.ms), signal: limits.signal });
  if (typeof keys === 'string') return [];
  return keys.map((key) => ({
    blob: key.getPublicSSH(),
    method: (username) => ({ type: 'agent', username, agent: onlyKey(ssh2, agent, key) }),
  }));
}

/** ssh2 offers all keys of an agent one after the other; this one has but one. */
function onlyKey(ssh2: Ssh2, agent: InstanceType<Ssh2['OpenSSHAgent']>, key: ParsedKey) {
  class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
    override getIdentities(answer: Parameters<typeof agent.getIdentities>[0]): void {
      answer(null, [key]);
    }
    override sign(...call: unknown[]): void {
      (agent.sign as (...call: unknown[]) => void)(...call);
    }
  }
  return new OneKeyAgent();
}
