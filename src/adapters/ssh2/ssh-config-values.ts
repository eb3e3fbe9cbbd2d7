import { keywordRule } from './ssh-config-keywords.js';
import type { ConfigLine } from './ssh-config-lines.js';
import { listMatches, matchMatches } from './ssh-config-match.js';
import { expandTokens, firstLabel, hostnameOf, realName } from './tokens.js';

/** Keywords of which each counts, and not the first one alone. */
const REPEATED = ['identityfile', 'certificatefile'];
/** Keywords whose value is a list of words. */
const LISTS = ['userknownhostsfile', 'globalknownhostsfile'];
/** Keywords whose value is all that stands behind them. */
const COMMANDS = ['proxycommand'];
/** Keywords that are honoured and have one word; OpenSSH refuses a second one, and an empty one. */
const SINGLE = [
  'addressfamily',
  'bindaddress',
  'ciphers',
  'hostkeyalgorithms',
  'hostkeyalias',
  'hostname',
  'identitiesonly',
  'identityagent',
  'identityfile',
  'kexalgorithms',
  'macs',
  'port',
  'proxyjump',
  'tag',
  'user',
];

/** Which host is asked for, by whom. */
export interface ConfigQuery {
  readonly host: string;
  /** Given beside the configuration, and so before it. */
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly localUser: string;
  readonly home: string;
  /** Of this machine, and of its user where there is such a number: `%l` and `%i`. */
  readonly localHost: string;
  readonly uid: number | undefined;
  /** Runs the command of a `Match exec`; says whether it succeeded. `null` where none may be run. */
  readonly exec: ((command: string) => Promise<boolean>) | null;
}

/** The values that are in force for one query, gathered line by line. */
export class ConfigValues {
  wantsFinal = false;
  private isFinal = false;
  private subject: string;
  private readonly values = new Map<string, ConfigLine[]>();

  constructor(private readonly query: ConfigQuery) {
    this.subject = query.host;
  }

  /** OpenSSH reads all files a second time where a `Match final` stands, with the host's real name. */
  beginFinal(): void {
    this.isFinal = true;
    this.subject = realName(this.hostname());
    // OpenSSH has taken the name into use by then: what a `Match final` says of it comes too late.
    if (!this.values.has('hostname')) this.values.set('hostname', []);
  }

  /**
   * An included file's blocks end with it: the block that the `Include` stands in goes on. Where that one does not match nothing of the file
   * does (`mayMatch` is false), and it is looked through all the same: a `Match final` in it has OpenSSH read everything a second time.
   */
  async read(lines: readonly ConfigLine[], mayMatch = true): Promise<void> {
    let active = mayMatch;
    for (const line of lines) {
      if (line.keyword === 'match') this.noteFinal(line);
      if (line.keyword === 'host') active = mayMatch && listMatches(line.words, this.subject);
      else if (line.keyword === 'match') active = mayMatch && (await this.matches(line));
      else if (line.keyword === 'include') for (const file of line.included) await this.read(file, active);
      else if (active) this.set(line);
    }
  }

  private noteFinal({ words }: ConfigLine): void {
    if (words.some((word) => /^!?final$/i.test(word))) this.wantsFinal = true;
  }

  /** The first setting that cannot be honoured; null when there is none. */
  refusal(): string | null {
    const unknown = this.first('ignoreunknown')?.words.flatMap((word) => word.split(',')) ?? [];
    for (const [keyword, [line]] of this.values) {
      if (line === undefined) continue;
      const rule = keywordRule(keyword);
      if (rule === undefined) {
        if (
          !listMatches(
            unknown.map((word) => word.toLowerCase()),
            keyword,
          )
        )
          return `${line.at}: ${line.name} is no keyword of ssh_config(5) that pikaci knows; IgnoreUnknown passes over it`;
      } else if (rule.treatment === 'refused' && rule.allowed?.test(line.words[0] ?? '') !== true) {
        return `${line.at}: "${line.name} ${line.rest}" cannot be honoured, and the host is not reached without it`;
      }
    }
    return null;
  }

  placeOf(keyword: string): string {
    return this.first(keyword)?.at ?? 'the SSH configuration';
  }

  object(): Record<string, unknown> {
    const entries = [...this.values].map(([keyword, lines]) => [keyword, settingOf(keyword, lines)] as const);
    return Object.fromEntries(entries);
  }

  private set(line: ConfigLine): void {
    const keyword = keywordRule(line.keyword)?.alias?.toLowerCase() ?? line.keyword;
    if (SINGLE.includes(keyword) && (line.words.length !== 1 || line.words[0] === ''))
      throw new Error(`${line.at}: ${line.name} takes one value: ${line.rest}`);
    // Of the two ways through something else the one that comes first counts; `ProxyJump none` is no way.
    const jump = this.first('proxyjump')?.words[0];
    if (keyword === 'proxycommand' && jump !== undefined && !/^none$/i.test(jump)) return;
    if (keyword === 'proxyjump' && this.values.has('proxycommand')) return;
    const before = this.values.get(keyword);
    if (before === undefined) this.values.set(keyword, [line]);
    else if (REPEATED.includes(keyword) && !before.some(({ words }) => words[0] === line.words[0]))
      before.push(line);
  }

  private matches(line: ConfigLine): Promise<boolean> {
    const { query } = this;
    const user = query.user ?? this.first('user')?.words[0] ?? query.localUser;
    // The second time the host is what the first has made of it, in lower case.
    const host = this.isFinal ? this.subject : this.hostname();
    const port = String(query.port ?? this.first('port')?.words[0] ?? 22);
    const exec = query.exec;
    const expanded = (command: string) =>
      expandTokens(command, {
        d: query.home,
        h: host,
        i: String(query.uid ?? ''),
        k: this.first('hostkeyalias')?.words[0] ?? host,
        l: query.localHost,
        L: firstLabel(query.localHost),
        n: query.host,
        p: port,
        r: user,
        u: query.localUser,
      });
    return matchMatches(line, {
      original: query.host,
      host,
      user,
      localUser: query.localUser,
      tag: this.first('tag')?.words[0] ?? '',
      isFinal: this.isFinal,
      exec: exec === null ? null : (command) => exec(expanded(command)),
    });
  }

  private hostname(): string {
    const name = this.first('hostname')?.words[0];
    return hostnameOf(this.query.host, name);
  }

  private first(keyword: string): ConfigLine | undefined {
    return this.values.get(keyword)?.[0];
  }
}

function settingOf(keyword: string, lines: readonly ConfigLine[]): string | readonly string[] | undefined {
  if (REPEATED.includes(keyword)) return lines.map(({ words }) => words[0] ?? '');
  if (LISTS.includes(keyword)) return lines[0]?.words;
  return COMMANDS.includes(keyword) ? lines[0]?.rest : lines[0]?.words[0];
}
