import type { NodeState, TreeNode } from './tree-node.js';

export interface TreeRow {
  readonly node: TreeNode;
  /** The lines that lead to it from what it depends on. */
  readonly guide: string;
}

export interface TreeShape {
  readonly rows: readonly TreeRow[];
  /** For which there was no room. */
  readonly folded: readonly TreeNode[];
}

/** What people look for comes first when there is no room for all. */
const IMPORTANCE: Readonly<Record<NodeState, number>> = {
  running: 0,
  failed: 1,
  detached: 2,
  interrupted: 2,
  waiting: 3,
  cancelled: 4,
  skipped: 5,
  passed: 6,
};

/**
 * A plan as a tree of at most `room` rows: each node below the deepest of those that it depends on, which is the one it has to wait
 * for longest as far as the plan tells. A node whose parent has no room is drawn below the next one up.
 */
export function treeShape(nodes: readonly TreeNode[], room: number): TreeShape {
  const shown = nodes.length <= room ? nodes : mostImportant(nodes, room);
  const visible = new Set(shown.map(({ id }) => id));
  const parents = parentsOf(nodes);
  const children = new Map<string | null, TreeNode[]>();
  for (const node of shown) {
    let parent = parents.get(node.id) ?? null;
    while (parent !== null && !visible.has(parent)) parent = parents.get(parent) ?? null;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  const rows: TreeRow[] = [];
  const below = (parent: string, guide: string) => {
    const all = children.get(parent) ?? [];
    for (const [index, node] of all.entries()) {
      const last = index === all.length - 1;
      rows.push({ node, guide: `${guide}${last ? '└─ ' : '├─ '}` });
      below(node.id, `${guide}${last ? '   ' : '│  '}`);
    }
  };
  for (const node of children.get(null) ?? []) {
    rows.push({ node, guide: '' });
    below(node.id, '');
  }
  return { rows, folded: nodes.filter(({ id }) => !visible.has(id)) };
}

/** In the order of the plan. */
function mostImportant(nodes: readonly TreeNode[], room: number): readonly TreeNode[] {
  const ranked = nodes.map((node, index) => ({ node, index }));
  ranked.sort((a, b) => IMPORTANCE[a.node.state] - IMPORTANCE[b.node.state] || a.index - b.index);
  return ranked
    .slice(0, Math.max(0, room))
    .sort((a, b) => a.index - b.index)
    .map(({ node }) => node);
}

/** By id; the nodes come in an order in which each stands after all that it depends on. */
function parentsOf(nodes: readonly TreeNode[]): ReadonlyMap<string, string | null> {
  const depths = new Map<string, number>();
  const parents = new Map<string, string | null>();
  for (const { id, dependsOn } of nodes) {
    let parent: string | null = null;
    for (const other of dependsOn) {
      const depth = depths.get(other);
      if (depth !== undefined && (parent === null || depth >= (depths.get(parent) ?? 0))) parent = other;
    }
    parents.set(id, parent);
    depths.set(id, parent === null ? 0 : (depths.get(parent) ?? 0) + 1);
  }
  return parents;
}
