import type { Colours } from '../colours.js';
import type { ScreenSize } from './canvas.js';
import { cutToWidth } from './cut-to-width.js';
import { treeFrame } from './tree-frame.js';
import type { TreeNode } from './tree-node.js';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPIN_MS = 100;

export interface LiveFrame {
  readonly nodes: readonly TreeNode[];
  /** Lines of the log whose end has not come. */
  readonly unfinished: readonly string[];
  readonly colours: Colours;
  /** Monotonic, ms. */
  readonly now: number;
  readonly began: number;
}

/** What is drawn over again: unfinished lines and the tree, in at most half of the screen, so that there is room for the log. */
export function liveFrame(frame: LiveFrame, { columns, rows }: ScreenSize): readonly string[] {
  const height = Math.max(2, Math.floor(rows / 2));
  const unfinished = frame.unfinished.slice(0, Math.floor(height / 3));
  const spinner = SPINNER[Math.floor((frame.now - frame.began) / SPIN_MS) % SPINNER.length] ?? '';
  const tree = treeFrame({ ...frame, columns, rows: height - unfinished.length, spinner });
  return [...unfinished.map((line) => cutToWidth(line, columns - 1)), ...tree];
}
