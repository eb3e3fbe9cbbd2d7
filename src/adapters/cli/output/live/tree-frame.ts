import stringWidth from 'string-width';
import type { Colours } from '../colours.js';
import { escapeLine } from '../escape-control.js';
import { formatDuration } from '../quantities.js';
import { cutToWidth } from './cut-to-width.js';
import { isAllowed, markOf, nodeDetail, paintOf } from './node-row.js';
import type { NodeState, TreeNode } from './tree-node.js';
import { type TreeRow, treeShape } from './tree-shape.js';

const TIME_WIDTH = 6;
/** In which nodes are counted. */
const COUNTED = [
  'running',
  'waiting',
  'passed',
  'failed',
  'skipped',
  'cancelled',
  'detached',
  'interrupted',
] as const;

export interface FrameInput {
  readonly nodes: readonly TreeNode[];
  readonly colours: Colours;
  /** Lines, of which the last one counts the nodes; no bound when the tree is shown for the last time. */
  readonly rows: number;
  readonly columns: number;
  readonly spinner: string;
  /** Monotonic, ms. */
  readonly now: number;
  readonly began: number;
}

/** The tree as lines that fit the terminal: a row for each node, one for those that have no room, one that counts. A single node is one line. */
export function treeFrame(input: FrameInput): readonly string[] {
  const { nodes, rows, columns } = input;
  const footer = nodes.length > 1 ? [totals(input)] : [];
  const room = rows - footer.length;
  const shape = treeShape(nodes, nodes.length > room ? room - 1 : room);
  const folded =
    shape.folded.length === 0 ? [] : [`${input.colours.dim('…')} ${counts(shape.folded, input)}`];
  const lines = [...folded, ...nodeLines(shape.rows, input), ...footer];
  // One column is left free: a terminal may wrap when its last one is written to.
  return lines.slice(-Math.max(1, rows)).map((line) => cutToWidth(line, columns - 1));
}

function nodeLines(rows: readonly TreeRow[], input: FrameInput): readonly string[] {
  const { nodes, colours, spinner, now, columns } = input;
  const states = new Map(nodes.map(({ id, state }) => [id, state]));
  const cells = rows.map(({ node, guide }) => ({
    node,
    guide: shortened(guide, Math.floor(columns / 3)),
    name: escapeLine(node.id),
    time: timeOf(node, now),
  }));
  const nameWidth = Math.max(0, ...cells.map(({ guide, name }) => stringWidth(guide + name)));
  const timeWidth = Math.max(TIME_WIDTH, ...cells.map(({ time }) => time.length));
  return cells.map(({ node, guide, name, time }) => {
    const paint = isAllowed(node) ? colours.yellow : paintOf(node.state, colours);
    const mark = isAllowed(node) ? '!' : markOf(node.state, spinner);
    const padding = ' '.repeat(nameWidth - stringWidth(guide + name));
    const detail = nodeDetail(node, { states, now });
    const toned = node.state === 'running' ? detail : paint(detail);
    return `${colours.dim(guide)}${paint(mark)} ${colours.bold(name)}${padding}  ${colours.dim(time.padStart(timeWidth))}  ${toned}`;
  });
}

/** Of a deep tree the end of the way is kept. */
function shortened(guide: string, room: number): string {
  return guide.length <= room ? guide : `…${guide.slice(guide.length - Math.max(0, room - 1))}`;
}

function timeOf({ since, durationMs, state }: TreeNode, now: number): string {
  if (state === 'skipped' || since === null) return '';
  return formatDuration(Math.max(0, durationMs ?? now - since));
}

function totals(input: FrameInput): string {
  const { nodes, colours, spinner, now, began } = input;
  const ended = nodes.filter(({ state }) => state !== 'running' && state !== 'waiting').length;
  const mark = ended === nodes.length ? colours.dim('∙') : colours.cyan(spinner);
  const took = colours.dim(formatDuration(Math.max(0, now - began)));
  return `${mark} ${ended} of ${nodes.length} done, ${counts(nodes, input)}  ${took}`;
}

function counts(nodes: readonly TreeNode[], { colours }: FrameInput): string {
  const parts = COUNTED.flatMap((state) => {
    const number = nodes.filter((node) => node.state === state && !isAllowed(node)).length;
    return number === 0 ? [] : [paintOf(state, colours)(`${number} ${word(state)}`)];
  });
  const allowed = nodes.filter(isAllowed).length;
  return [...parts, ...(allowed === 0 ? [] : [colours.yellow(`${allowed} allowed to fail`)])].join(', ');
}

function word(state: NodeState): string {
  return state === 'detached' ? 'left behind' : state;
}
