import type { Colours } from '../colours.js';
import { escapeLine } from '../escape-control.js';
import type { NodeState, TreeNode } from './tree-node.js';

const MARKS: Readonly<Record<Exclude<NodeState, 'running'>, string>> = {
  waiting: '○',
  passed: '✓',
  failed: '✗',
  skipped: '–',
  cancelled: '–',
  detached: '–',
  interrupted: '–',
};

/** A failure that does not count is no failure of the run. */
export const isAllowed = ({ state, allowed }: Pick<TreeNode, 'state' | 'allowed'>): boolean =>
  state === 'failed' && allowed;

export type Paint = (text: string) => string;

export function paintOf(state: NodeState, c: Colours): Paint {
  if (state === 'passed') return c.green;
  if (state === 'failed') return c.red;
  if (state === 'running') return c.cyan;
  return state === 'waiting' ? c.dim : c.yellow;
}

/** `spinner` stands for what runs. */
export function markOf(state: NodeState, spinner: string): string {
  return state === 'running' ? spinner : MARKS[state];
}

export interface RowContext {
  readonly states: ReadonlyMap<string, NodeState>;
  /** Monotonic, ms. */
  readonly now: number;
}

/** What is said of a node behind its name and time, on one line. */
export function nodeDetail(node: TreeNode, context: RowContext): string {
  return `${ownDetail(node, context)}${node.from === null ? '' : `, taken over from ${escapeLine(node.from)}`}`;
}

function ownDetail(node: TreeNode, context: RowContext): string {
  switch (node.state) {
    case 'waiting':
      return waitsFor(node, context);
    case 'running':
      return `${node.attempt === null || node.message !== '' ? '' : `attempt ${node.attempt}: `}${runs(node, context.now)}`;
    case 'passed': {
      const how = node.kind === 'execute' ? 'passed' : node.cached ? 'was there' : 'prepared';
      return `${how}${which(node)}${cleaning(node)}`;
    }
    case 'failed':
      return `${failure(node)}${node.allowed ? ', which is allowed' : ''}${which(node)}${cleaning(node)}`;
    case 'skipped':
      return `skipped: ${firstLine(node.message)}`;
    case 'cancelled':
      return `${node.exit === null ? firstLine(node.message) || 'cancelled' : 'cancelled'}${cleaning(node)}`;
    case 'interrupted':
      return firstLine(node.message);
    case 'detached':
      return node.exit === null ? firstLine(node.message) : 'left running';
  }
}

function which({ attempt }: TreeNode): string {
  return attempt === null ? '' : ` in attempt ${attempt}`;
}

function waitsFor({ dependsOn }: TreeNode, { states }: RowContext): string {
  const missing = dependsOn.filter((id) => ['waiting', 'running'].includes(states.get(id) ?? 'waiting'));
  return missing.length === 0 ? 'queued' : `waits for ${missing.map(escapeLine).join(', ')}`;
}

function runs({ kind, phase, step, upload, disconnected, message }: TreeNode, now: number): string {
  const at = step === null ? phase : `step ${escapeLine(step)}`;
  const what = at ?? (firstLine(message) || (kind === 'prepare' ? 'prepare' : 'starts'));
  // A prepare node has no phases that say so.
  const isSent = upload === null || (kind === 'prepare' && upload.isDone);
  const sent = isSent ? '' : ` ${upload.text(now)}`;
  return `${what}${sent}${disconnected ? ', connection lost' : ''}`;
}

function failure({ exit, message }: TreeNode): string {
  if (exit === null) return firstLine(message) || 'failed';
  if (exit.cause !== 'exit') return exit.cause.replaceAll('_', ' ');
  return exit.code === null ? 'failed' : `exit code ${exit.code}`;
}

function cleaning({ phase }: TreeNode): string {
  return phase === 'clean_up' ? ', clean_up' : '';
}

function firstLine(text: string): string {
  return escapeLine(text.split('\n', 1)[0] ?? '');
}
