import type { PikaciEvent } from '../../../../domain/events/event.js';
import type { RunEvent } from '../../../../domain/events/run-event.js';
import { attemptText } from '../../../../domain/job/job-retry.js';
import { formatDuration } from '../quantities.js';
import { UploadProgress } from '../upload-progress.js';
import type { TreeNode } from './tree-node.js';

/** Events that are about one node of the plan. */
export type NodeEvent = Extract<RunEvent, { node_id: string; kind: unknown }>;

/** A job's node after something has happened in it. `now` is monotonic, in ms. */
export function nodeAfterJobEvent(node: TreeNode, event: PikaciEvent, now: number): TreeNode {
  switch (event.type) {
    case 'job_started':
      return { ...begun(node, now), message: '', attempt: event.attempt ?? node.attempt };
    case 'job_retried': {
      const message = `${attemptText(event)}, another begins in ${formatDuration(event.wait_ms)}`;
      const again = { state: 'running', attempt: event.attempt + 1, phase: null, step: null } as const;
      return { ...node, ...again, message, upload: null, exit: null, durationMs: null };
    }
    case 'phase_started':
      return { ...begun(node, now), phase: event.phase, step: null, upload: null };
    case 'upload_progress':
      // Directories are made beside it.
      return { ...uploaded(node, event, now), phase: 'stage_workspace_snapshot' };
    case 'phase_finished':
      if (event.phase === 'clean_up') return { ...node, phase: null };
      // It is within another, which goes on.
      if (event.phase === 'wait_until_ready') return { ...node, phase: 'wait_for_completion' };
      // Until the next one begins, a moment later, the last one stands.
      return event.phase === 'stage_workspace_snapshot' ? { ...node, upload: null } : node;
    case 'step_started':
      // It stands until the next step, or the next phase, begins.
      return { ...node, step: event.name };
    case 'connection_lost':
      return { ...node, disconnected: true };
    case 'connection_resumed':
      return { ...node, disconnected: false };
    case 'job_finished': {
      const { status: state, message, duration_ms: durationMs, cause, exit_code: code } = event;
      return { ...node, state, message, durationMs, disconnected: false, exit: { cause, code } };
    }
    case 'cleaned_up':
      return { ...node, phase: null };
    default:
      return node;
  }
}

/** The same for what the run tells of its nodes. */
export function nodeAfterRunEvent(node: TreeNode, event: NodeEvent, now: number): TreeNode {
  switch (event.type) {
    case 'node_started':
      return begun(node, now);
    case 'node_upload_progress':
      return uploaded(node, event, now);
    case 'node_queued':
      return { ...begun(node, now), phase: 'queued', upload: null };
    case 'node_queue_left':
      return { ...node, phase: null };
    case 'node_finished': {
      const { status: state, message, cached, duration_ms: durationMs } = event;
      const allowed = event.allow_failure === true;
      // A job has told more of its own end.
      if (state === 'pending' || state === 'running' || node.exit !== null) return { ...node, allowed };
      const from = event.taken_over_from ?? null;
      return { ...node, state, message, cached, allowed, from, durationMs, upload: null };
    }
  }
}

function begun(node: TreeNode, now: number): TreeNode {
  return node.state === 'waiting' ? { ...node, state: 'running', since: now } : node;
}

function uploaded(
  node: TreeNode,
  { bytes, total_bytes: total }: { readonly bytes: number; readonly total_bytes: number },
  now: number,
): TreeNode {
  const upload = node.upload ?? new UploadProgress();
  upload.observe({ bytes, total }, now);
  return { ...node, upload };
}
