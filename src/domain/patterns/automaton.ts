import type { CharSet, Glob } from './pattern-syntax.js';

/** One place in a compiled pattern. */
type Instruction =
  | { readonly kind: 'chars'; readonly chars: CharSet; next: number }
  | { readonly kind: 'separator'; next: number }
  | { readonly kind: 'anything'; next: number }
  | { readonly kind: 'split'; ways: number[] }
  | { readonly kind: 'not'; readonly body: Automaton; next: number }
  | { readonly kind: 'end' };

/** Where a path may be in the pattern: at an instruction, and, of a `not`, where in its body. */
interface Thread {
  readonly at: number;
  readonly within: State | null;
}

interface State {
  /** Never used again for another, also after the known states were forgotten. */
  readonly id: number;
  readonly threads: readonly Thread[];
  readonly accepts: boolean;
  readonly next: Map<number, State>;
}

const SLASH = 0x2f;
/** States that are remembered; then all are forgotten, and found again where they are needed. */
const MOST_STATES = 2000;
let lastId = 0;

/**
 * A pattern that reads a path once, from its first character to its last, and never goes back: it keeps all places where it may be. Which
 * places follow on which is remembered, so that most characters cost one look.
 */
export class Automaton {
  readonly #program: Instruction[] = [];
  readonly #states = new Map<string, State>();
  readonly #begin: number;
  #start: State | null = null;

  constructor(glob: Glob) {
    this.#program.push({ kind: 'end' });
    this.#begin = this.#compile(glob, 0);
  }

  matches(text: string): boolean {
    let state = this.start;
    for (let at = 0; at < text.length; ) {
      const point = text.codePointAt(at) ?? 0;
      state = this.step(state, point);
      if (state.threads.length === 0) return false;
      at += point > 0xffff ? 2 : 1;
    }
    return state.accepts;
  }

  /** Whether all that lies below this directory is matched, whatever it is called. Also false where that is so without being plain. */
  matchesAllBelow(directory: string): boolean {
    let state = this.start;
    for (const char of `${directory}/`) state = this.step(state, char.codePointAt(0) ?? 0);
    return state.threads.some(({ at }) => {
      const instruction = this.#program[at];
      return (
        instruction?.kind === 'anything' && this.#stateOf((add) => this.#reach(instruction.next, add)).accepts
      );
    });
  }

  private get start(): State {
    this.#start ??= this.#stateOf((add) => this.#reach(this.#begin, add));
    return this.#start;
  }

  private step(state: State, point: number): State {
    const known = state.next.get(point);
    if (known !== undefined) return known;
    const found = this.#stateOf((add) => {
      for (const thread of state.threads) this.#advance(thread, point, add);
    });
    state.next.set(point, found);
    return found;
  }

  #advance({ at, within }: Thread, point: number, add: (thread: Thread) => boolean): void {
    const instruction = this.#program[at];
    switch (instruction?.kind) {
      case 'chars':
        if (point !== SLASH && isAmong(instruction.chars, point)) this.#reach(instruction.next, add);
        return;
      case 'separator':
        if (point === SLASH) this.#reach(instruction.next, add);
        return;
      case 'anything':
        this.#reach(at, add);
        return;
      case 'not':
        if (point !== SLASH && within !== null) this.#reachNot(at, instruction.body.step(within, point), add);
        return;
      default:
    }
  }

  /** All places that are reached from this one without a character. */
  #reach(from: number, add: (thread: Thread) => boolean): void {
    const waiting = [from];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const instruction = this.#program[at];
      if (instruction?.kind === 'not') this.#reachNot(at, instruction.body.start, add);
      else if (add({ at, within: null })) {
        if (instruction?.kind === 'split') waiting.push(...instruction.ways);
        if (instruction?.kind === 'anything') waiting.push(instruction.next);
      }
    }
  }

  #reachNot(at: number, within: State, add: (thread: Thread) => boolean): void {
    const instruction = this.#program[at];
    if (instruction?.kind !== 'not' || !add({ at, within })) return;
    if (!within.accepts) this.#reach(instruction.next, add);
  }

  #stateOf(fill: (add: (thread: Thread) => boolean) => void): State {
    const threads = new Map<string, Thread>();
    fill((thread) => {
      const key = `${thread.at}:${thread.within?.id ?? ''}`;
      if (threads.has(key)) return false;
      threads.set(key, thread);
      return true;
    });
    const key = [...threads.keys()].sort().join(' ');
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= MOST_STATES) {
      this.#states.clear();
      this.#start = null;
    }
    const kept = [...threads.values()].filter(({ at }) => this.#program[at]?.kind !== 'split');
    lastId++;
    const state = { id: lastId, threads: kept, accepts: threads.has('0:'), next: new Map() };
    this.#states.set(key, state);
    return state;
  }

  /** Where the part begins that goes on at `next`. */
  #compile(glob: Glob, next: number): number {
    switch (glob.kind) {
      case 'chars':
        return this.#push({ kind: 'chars', chars: glob.chars, next });
      case 'separator':
      case 'anything':
        return this.#push({ kind: glob.kind, next });
      case 'sequence':
        return glob.parts.reduceRight((behind, part) => this.#compile(part, behind), next);
      case 'choice':
        return this.#push({ kind: 'split', ways: glob.options.map((option) => this.#compile(option, next)) });
      case 'not':
        return this.#push({ kind: 'not', body: new Automaton(glob.body), next });
      case 'repeat': {
        if (glob.most === 1)
          return this.#push({ kind: 'split', ways: [this.#compile(glob.body, next), next] });
        const ways = [next];
        const again = this.#push({ kind: 'split', ways });
        const body = this.#compile(glob.body, again);
        ways.push(body);
        return glob.least === 1 ? body : again;
      }
    }
  }

  #push(instruction: Instruction): number {
    this.#program.push(instruction);
    return this.#program.length - 1;
  }
}

function isAmong({ negated, ranges }: CharSet, point: number): boolean {
  return ranges.some(([from, to]) => from <= point && point <= to) !== negated;
}
