import type { NodeVerdict } from './plan-step.js';

export interface Started {
  /** ISO 8601. */
  readonly at: string;
  /** Of the clock that does not go back. */
  readonly mark: number;
}

export interface NodeEnd {
  readonly verdict: NodeVerdict;
  readonly message: string;
  readonly cached: boolean;
}
