import type { Argument, Command, Option } from 'commander';

/** What the word that is being typed may be. */
export interface Wanted {
  /** The command that it belongs to, as `machine run`; empty for the program itself. */
  readonly path: string;
  readonly command: Command;
  /** The positional words before it. */
  readonly operands: readonly string[];
  /** The options before it that have a value, by their long names. */
  readonly values: Readonly<Record<string, string>>;
  /** The long names of all options before it. */
  readonly given: ReadonlySet<string>;
  readonly word:
    | { readonly kind: 'command' }
    | { readonly kind: 'option' }
    | { readonly kind: 'value'; readonly of: Option; readonly prefix: string; readonly begun: string }
    | { readonly kind: 'operand'; readonly of: Argument | undefined };
}

/** Everything behind their first operand belongs to another program. */
const PASS_THROUGH = ['machine run'];

/** Reads the words of a command line, but for the program's name, as Commander would. The last one is being typed. */
export function wantedWord(program: Command, words: readonly string[]): Wanted {
  const reader = new Reader(program);
  for (const word of words.slice(0, -1)) reader.take(word);
  return reader.wanted(words.at(-1) ?? '');
}

class Reader {
  #command: Command;
  readonly #path: string[] = [];
  readonly #operands: string[] = [];
  readonly #values: Record<string, string> = Object.create(null);
  readonly #given = new Set<string>();
  #pending: Option | null = null;
  #isRaw = false;

  constructor(program: Command) {
    this.#command = program;
  }

  take(word: string): void {
    if (this.#takesValue(word)) {
      this.#give(this.#pending, word);
      return;
    }
    this.#pending = null;
    if (this.#isRaw) this.#operands.push(word);
    else if (word === '--') this.#isRaw = true;
    else if (word.startsWith('-') && word !== '-') this.#takeOption(word);
    else this.#takeOperand(word);
  }

  wanted(last: string): Wanted {
    const command = this.#command;
    const at = {
      path: this.#path.join(' '),
      command,
      operands: this.#operands,
      values: this.#values,
      given: this.#given,
    };
    if (this.#takesValue(last) && this.#pending !== null)
      return { ...at, word: { kind: 'value', of: this.#pending, prefix: '', begun: last } };
    if (!this.#isRaw && last.startsWith('-')) {
      const [, flag = '', begun = ''] = /^(--[^=]+)=(.*)$/s.exec(last) ?? [];
      const option = this.#option(flag);
      return option === undefined
        ? { ...at, word: { kind: 'option' } }
        : { ...at, word: { kind: 'value', of: option, prefix: `${flag}=`, begun } };
    }
    const isNamed = this.#operands.every((word) => word === 'help');
    if (command.commands.length > 0 && isNamed) return { ...at, word: { kind: 'command' } };
    const all = command.registeredArguments;
    const more = all.at(-1)?.variadic === true ? all.at(-1) : undefined;
    return { ...at, word: { kind: 'operand', of: all[this.#operands.length] ?? more } };
  }

  /** One that may have a value has none when the next word is an option. */
  #takesValue(word: string): boolean {
    if (this.#pending === null) return false;
    return this.#pending.required || !word.startsWith('-');
  }

  #takeOption(word: string): void {
    const [, flag = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = this.#option(flag);
    if (option === undefined) return;
    this.#given.add(option.long ?? flag);
    if (value !== undefined) this.#give(option, value);
    else if (option.required || option.optional) this.#pending = option;
  }

  #takeOperand(word: string): void {
    const inner = this.#command.commands.find((one) => one.name() === word);
    if (inner !== undefined) {
      this.#command = inner;
      this.#path.push(word);
      return;
    }
    this.#operands.push(word);
    this.#isRaw = PASS_THROUGH.includes(this.#path.join(' '));
  }

  #option(flag: string): Option | undefined {
    return this.#command.options.find(({ long, short }) => flag === long || flag === short);
  }

  #give(option: Option | null, value: string): void {
    this.#values[option?.long ?? ''] = value;
    this.#pending = null;
  }
}
