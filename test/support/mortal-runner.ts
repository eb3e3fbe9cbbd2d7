/** The ports of a runner that is killed at one of its calls, before that has an effect or after it: no call returns from then on. */
export class MortalRunner {
  readonly made: string[] = [];
  readonly died: Promise<void>;
  #dead = () => {};
  #isKilled = false;

  constructor(private readonly diesAt: { readonly call: number; readonly when: 'before' | 'after' }) {
    this.died = new Promise((resolve) => {
      this.#dead = resolve;
    });
  }

  /** At this moment, whatever it was about. */
  kill(): void {
    this.#isKilled = true;
    this.#dead();
  }

  of<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function' || typeof name !== 'string') return value;
        return (...args: unknown[]) => {
          this.made.push(name);
          const { call, when } = this.diesAt;
          if (this.#isKilled || this.made.length > call || (this.made.length === call && when === 'before'))
            return this.#die();
          const answer: unknown = Reflect.apply(value, target, args);
          return this.made.length === call ? Promise.resolve(answer).then(() => this.#die()) : answer;
        };
      },
    });
  }

  #die(): Promise<never> {
    this.#dead();
    return new Promise(() => {});
  }
}
