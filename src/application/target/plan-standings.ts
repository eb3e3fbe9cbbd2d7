import type { EarlierStanding } from '../../domain/target/rerun-selection.js';
import type { NodeVerdict, PlanStep, SkipReason } from './plan-step.js';

/** `allowed`: it failed, which does not count. `lost`: skipped because of another. */
type Standing = NodeVerdict | 'allowed' | 'lost' | 'not_needed' | 'interrupted';

type SettledStep = EarlierStanding & { readonly message?: string | null };

/** How the nodes of a plan stand so far, and what that means for those that wait. */
export class PlanStandings {
  readonly #steps: ReadonlyMap<string, PlanStep>;
  readonly #standings = new Map<string, Standing>();
  /** Of those that were lost: whose failure it is. */
  readonly #causes = new Map<string, { readonly cause: string; readonly reason: string }>();
  readonly #all = new Map<string, ReadonlySet<string>>();

  /** In an order in which each stands after all that it depends on. */
  constructor(steps: readonly PlanStep[], settled: ReadonlyMap<string, SettledStep> = new Map()) {
    this.#steps = new Map(steps.map((step) => [step.id, step]));
    for (const { id, dependsOn } of steps)
      this.#all.set(id, new Set(dependsOn.flatMap((need) => [need, ...(this.#all.get(need) ?? [])])));
    for (const step of steps) {
      const standing = settled.get(step.id);
      if (standing !== undefined) this.#settle(step, standing);
    }
  }

  #settle(step: PlanStep, { status, not_needed: notNeeded, message }: SettledStep): void {
    if (status === 'passed' || status === 'failed' || status === 'cancelled') this.ended(step, status);
    else if (notNeeded === true) this.skipped(step, { kind: 'not_needed', reason: '' });
    else this.skipped(step, { kind: 'skipped', cause: step.id, reason: message ?? `${step.id} did not run` });
  }

  of(id: string): Standing | undefined {
    return this.#standings.get(id);
  }

  ended({ id, allowFailure }: PlanStep, verdict: NodeVerdict): void {
    this.#standings.set(id, verdict === 'failed' && allowFailure ? 'allowed' : verdict);
  }

  skipped({ id }: PlanStep, why: SkipReason): void {
    this.#standings.set(id, why.kind === 'skipped' ? 'lost' : why.kind);
    if (why.kind === 'skipped') this.#causes.set(id, why);
  }

  /** Whether nothing that it waits for is under way, or yet to come. */
  isReady(step: PlanStep): boolean {
    if (step.when === 'on_success') return step.dependsOn.every((id) => this.#isGood(id));
    return [...this.#allOf(step)].every((id) => this.#standings.has(id));
  }

  /** Null for one that may begin, or may yet. */
  whySkipped(step: PlanStep): SkipReason | null {
    const must = step.when === 'on_success' ? step.dependsOn : step.requires;
    const bad = must.find((id) => this.#standings.has(id) && !this.#isGood(id));
    if (bad !== undefined) return this.#because(bad);
    if (step.when !== 'on_failure' || !this.isReady(step)) return null;
    const failed = [...this.#allOf(step)].some((id) => this.#standings.get(id) === 'failed');
    return failed ? null : { kind: 'not_needed', reason: 'nothing that it waits for has failed' };
  }

  /** What runs after a failure or in any case and has not begun, with the prepare nodes and templates that it needs. */
  keptByConditions(): ReadonlySet<string> {
    const kept = new Set<string>();
    const keep = (id: string) => {
      if (kept.has(id)) return;
      kept.add(id);
      const step = this.#steps.get(id);
      for (const need of step?.outputs ?? []) keep(need);
    };
    for (const { id, when } of this.#steps.values())
      if (when !== 'on_success' && !this.#standings.has(id)) keep(id);
    return kept;
  }

  #allOf({ id }: PlanStep): ReadonlySet<string> {
    return this.#all.get(id) ?? new Set();
  }

  #isGood(id: string): boolean {
    const standing = this.#standings.get(id);
    return standing === 'passed' || standing === 'allowed';
  }

  #because(id: string): SkipReason {
    const standing = this.#standings.get(id);
    if (standing === 'not_needed') return { kind: 'not_needed', reason: `${id} was not needed` };
    if (standing === 'interrupted') return { kind: 'interrupted' };
    const known = this.#causes.get(id);
    return known === undefined
      ? { kind: 'skipped', cause: id, reason: reasonOf(id, standing) }
      : { kind: 'skipped', cause: known.cause, reason: known.reason };
  }
}

function reasonOf(id: string, standing: Standing | undefined): string {
  switch (standing) {
    case 'cancelled':
      return `${id} was cancelled`;
    case 'detached':
      return `${id} was left running`;
    default:
      return `${id} failed`;
  }
}
