import type { WireEvent } from '../../../../domain/events/event.js';
import type { Phase } from '../../../../domain/machine/phase.js';
import type { UploadProgress } from '../upload-progress.js';

type JobFinished = Extract<WireEvent, { type: 'job_finished' }>;

export type NodeState = 'waiting' | 'running' | 'skipped' | 'interrupted' | JobFinished['status'];

/** A node of the plan as the tree shows it. */
export interface TreeNode {
  readonly id: string;
  readonly kind: 'prepare' | 'execute';
  readonly dependsOn: readonly string[];
  readonly state: NodeState;
  /** Monotonic, ms; null until it begins. */
  readonly since: number | null;
  /** Once it has ended. */
  readonly durationMs: number | null;
  /** Of a job that is tried again; null in its first attempt. */
  readonly attempt: number | null;
  /** What a job is at; `clean_up` comes after its end. */
  readonly phase: Phase | null;
  /** Name of the step that a job is at. */
  readonly step: string | null;
  readonly upload: UploadProgress | null;
  /** The connection is down, and pikaci tries to get it back. */
  readonly disconnected: boolean;
  readonly exit: { readonly cause: JobFinished['cause']; readonly code: number | null } | null;
  /** An output of an earlier run was used. */
  readonly cached: boolean;
  /** The run in which it ended, where this one has taken it over. */
  readonly from: string | null;
  /** Its failure does not count. */
  readonly allowed: boolean;
  /** Why it ended as it did, empty when it passed; what is known of one that runs, without a phase. */
  readonly message: string;
}

export function waitingNode(node: Pick<TreeNode, 'id' | 'kind' | 'dependsOn'>): TreeNode {
  return {
    ...node,
    state: 'waiting',
    since: null,
    durationMs: null,
    attempt: null,
    phase: null,
    step: null,
    upload: null,
    disconnected: false,
    exit: null,
    cached: false,
    allowed: false,
    from: null,
    message: '',
  };
}
