import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';

/** A create that stands still until it is told to go on. */
export interface HeldCreate {
  /** Resolves when a create has come here: the instance is there, not yet started. */
  readonly reached: Promise<void>;
  /** Lets the create go on. */
  release(): void;
}

type Held = HeldCreate & { readonly arrive: () => Promise<void> };

/** What a test can make go wrong in the fake. Each is used up by the first call that meets it. */
export class MemoryFaults {
  #failStart: string | null = null;
  #dropExec: number | null = null;
  #held: Held | null = null;
  readonly #calls = new Map<keyof IncusApi, IncusFault['kind'][]>();

  /** The next create leaves its instance behind, stopped, and fails with `operation_failed`. */
  failNextStart(message = 'Failed to run: forkstart: exit status 1'): void {
    this.#failStart = message;
  }

  /** The next exec loses its connection after this many bytes of output (0: at its first byte). */
  dropNextExecAfter(bytes: number): void {
    this.#dropExec = bytes;
  }

  /** The next call of this name fails before it has any effect. */
  failNext(call: keyof IncusApi, kind: IncusFault['kind']): void {
    this.#calls.set(call, [...(this.#calls.get(call) ?? []), kind]);
  }

  /** The next create stops between making the instance and starting it. */
  holdNextCreate(): HeldCreate {
    let arrived: () => void = () => undefined;
    let release: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrive = (): Promise<void> => {
      arrived();
      return released;
    };
    this.#held = { reached, release, arrive };
    return this.#held;
  }

  /** The fault that was planted for a call; for the fake itself. */
  takeCall(call: keyof IncusApi): IncusFault['kind'] | undefined {
    return this.#calls.get(call)?.shift();
  }

  /** The message of the failure that was planted for a start; for the fake itself. */
  takeFailStart(): string | null {
    const message = this.#failStart;
    this.#failStart = null;
    return message;
  }

  /** After how many bytes of output a command loses its connection; for the fake itself. */
  takeDropExec(): number | null {
    const bytes = this.#dropExec;
    this.#dropExec = null;
    return bytes;
  }

  /** Waits where a create is held; for the fake itself. */
  async passCreate(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    await held?.arrive();
  }
}
