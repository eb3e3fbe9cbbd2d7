import type { Plan, PlanNode } from '../../domain/target/plan.js';
import { guardedCall, textOf } from '../events/guarded-call.js';
import type { NodeVerdict } from './plan-step.js';
import type { RunReporter } from './run-reporter.js';
import type { PrepareEnd, RunTargetInput, TargetJobEnd } from './target-run.js';

/** How the nodes of a run have ended so far; the caller is told of each job. */
export class RunEnds {
  readonly #jobs = new Map<string, TargetJobEnd>();
  readonly #prepares = new Map<string, PrepareEnd>();
  /** With `failFast`, the node whose failure ends the rest. */
  failedFirst: string | null = null;

  constructor(
    private readonly input: Pick<RunTargetInput, 'onJobEnd' | 'signal'>,
    private readonly reporter: () => RunReporter,
  ) {}

  /** In the plan's order. */
  of({ nodes }: Plan): { readonly jobs: TargetJobEnd[]; readonly prepares: PrepareEnd[] } {
    return {
      jobs: nodes.flatMap(({ id }) => this.#jobs.get(id) ?? []),
      prepares: nodes.flatMap(({ id }) => this.#prepares.get(id) ?? []),
    };
  }

  endPrepare(node: PlanNode, end: PrepareEnd, verdict: NodeVerdict | null): void {
    this.#prepares.set(
      end.nodeId,
      end.kind === 'faulted' || end.kind === 'recorded' ? { ...end, ...this.#counted(node, verdict) } : end,
    );
  }

  endJob(node: PlanNode, given: TargetJobEnd, verdict: NodeVerdict | null): void {
    const ran = given.kind === 'ended' || given.kind === 'faulted' || given.kind === 'recorded';
    const end = ran ? { ...given, ...this.#counted(node, verdict) } : given;
    this.#jobs.set(end.jobId, end);
    guardedCall(
      () => this.input.onJobEnd?.(end),
      (error) => {
        const message = `onJobEnd failed for ${end.jobId}, and the run goes on: ${textOf(error)}`;
        this.reporter().warn(message);
      },
    );
  }

  /** The caller has the first word: what it has cancelled, it has cancelled. */
  #counted(
    { allowFailure }: PlanNode,
    verdict: NodeVerdict | null,
  ): { readonly endedFor?: string; readonly allowed?: true } {
    if (verdict === 'failed' && allowFailure) return { allowed: true };
    const cause = verdict === 'cancelled' && this.input.signal?.aborted !== true ? this.failedFirst : null;
    return cause === null ? {} : { endedFor: cause };
  }
}
