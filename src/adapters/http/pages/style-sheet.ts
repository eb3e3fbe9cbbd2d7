/** Names that logs have for the first sixteen colours, in their order, with a shade that can be read on light and on dark ground. */
const BASIC = {
  black: '#6b7280',
  red: '#d14343',
  green: '#2c8a3f',
  yellow: '#a87900',
  blue: '#3b78d8',
  magenta: '#ad4fb8',
  cyan: '#12898f',
  white: '#8b929c',
} as const;

const LAYOUT = `
:root { color-scheme: light dark; --ground: #fff; --text: #1d2127; --line: #d8dce2; --soft: #f3f5f7; --link: #1559b3; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --text: #e3e6ea; --line: #343a42; --soft: #1c2026; --link: #7fb2ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.45 system-ui, sans-serif; }
header, main { padding: .6rem 1rem; max-width: 75rem; margin: 0 auto; }
header { font-weight: 700; }
a { color: var(--link); }
h1 { font-size: 1.35rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-top: 1.6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
input, button { font: inherit; max-width: 100%; }
.status { padding: .05rem .45rem; border-radius: .6rem; background: var(--soft); border: 1px solid var(--line); white-space: nowrap; }
.passed { color: #2c8a3f; } .failed { color: #d14343; } .running { color: #3b78d8; } .cancelled { color: #a87900; }
.problem { border-left: 4px solid #d14343; padding-left: .7rem; overflow-wrap: anywhere; }
.waterfall th { width: 12rem; font-weight: normal; overflow-wrap: anywhere; }
.waterfall svg { display: block; width: 100%; height: 16px; background: var(--soft); }
.bar { fill: #8b929c; } .bar.wait_for_completion { fill: #3b78d8; } .bar.launch_guest { fill: #ad4fb8; }
.bar.stage_workspace_snapshot { fill: #12898f; } .bar.prepare { fill: #a87900; } .bar.not-ok { fill: #d14343; }
pre.log { background: var(--soft); padding: .5rem 0; overflow-x: auto; font: 13px/1.4 ui-monospace, monospace; tab-size: 8; }
.line { display: block; padding-left: 4.5rem; position: relative; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.line:target { background: #f6d96b55; }
.number { position: absolute; left: 0; width: 3.8rem; text-align: right; text-decoration: none; opacity: .6; user-select: none; }
.bold { font-weight: 700; } .dim { opacity: .7; } .italic { font-style: italic; } .underline { text-decoration: underline; }
.strikethrough { text-decoration: line-through; } .reverse { filter: invert(1); }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } .waterfall th, .waterfall td { display: block; width: 100%; } .line { padding-left: 3rem; } .number { width: 2.5rem; } }
`;

let made: string | null = null;

/** The one style sheet; the colours of logs are classes in it. */
export function styleSheet(): string {
  made ??= [LAYOUT.trim(), ...basicRules(), ...paletteRules(), ''].join('\n');
  return made;
}

function basicRules(): string[] {
  return Object.entries(BASIC).flatMap(([name, shade]) =>
    both(name, shade).concat(both(`bright-${name}`, shade)),
  );
}

/** xterm's 6×6×6 cube, then its 24 greys. */
function paletteRules(): string[] {
  const step = (value: number) => (value === 0 ? 0 : 55 + 40 * value);
  const rules: string[] = [];
  for (let index = 16; index < 232; index += 1) {
    const cube = index - 16;
    const levels = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(step);
    rules.push(...both(`palette-${index}`, `rgb(${levels.join(' ')})`));
  }
  for (let index = 232; index < 256; index += 1) {
    const grey = 8 + 10 * (index - 232);
    rules.push(...both(`palette-${index}`, `rgb(${grey} ${grey} ${grey})`));
  }
  return rules;
}

function both(name: string, shade: string): string[] {
  return [`.fg-${name} { color: ${shade}; }`, `.bg-${name} { background: ${shade}; }`];
}
