// @ts-check
import { parentPort } from 'node:worker_threads';
import { hashTree } from './tree-hash.js';

// One call at a time: a second one waits in the port's queue.
parentPort?.on(
  'message',
  (/** @type {import('./tree-hash-types.js').TreeHashCall} */ { id, request, flag }) => {
    const answer = hashTree(request, { cancelled: () => Atomics.load(flag, 0) !== 0, budget: null });
    parentPort?.postMessage({ id, answer });
  },
);
