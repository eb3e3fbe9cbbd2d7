import { BASIC_COLOURS } from '../log/text-style.js';
import { LAYOUT } from './style/layout.js';
import { LOG } from './style/log.js';
import { PARTS } from './style/parts.js';

/** Of a log, which stands on dark ground always: that is what programs choose their colours for. As text, bright text, and ground. */
const SHADES: Readonly<Record<(typeof BASIC_COLOURS)[number], readonly [string, string, string]>> = {
  black: ['#8b949e', '#a9b3bd', '#30363d'],
  red: ['#ff7b72', '#ffa198', '#a4232b'],
  green: ['#56d364', '#7ee787', '#1a6b2c'],
  yellow: ['#e3b341', '#f2cc60', '#7d5a00'],
  blue: ['#79c0ff', '#a5d6ff', '#1a5fc7'],
  magenta: ['#d2a8ff', '#e2c5ff', '#7442c8'],
  cyan: ['#56d4dd', '#8ee6ed', '#14666c'],
  white: ['#d0d7de', '#ffffff', '#afb8c1'],
};

let made: string | null = null;

/** The one style sheet; the colours of logs are classes in it. */
export function styleSheet(): string {
  made ??= [LAYOUT, PARTS, LOG, ...basicRules(), ...paletteRules(), ''].map((part) => part.trim()).join('\n');
  return made;
}

function basicRules(): string[] {
  return BASIC_COLOURS.flatMap((name) => {
    const [text, bright, ground] = SHADES[name];
    return [
      `.fg-${name} { color: ${text}; }`,
      `.fg-bright-${name} { color: ${bright}; }`,
      `.bg-${name} { background: ${ground}; }`,
      // Black letters are meant for a bright ground.
      `.bg-bright-${name}, .bg-${name}.fg-black { background: ${text}; }`,
    ];
  });
}

/** xterm's 6×6×6 cube, then its 24 greys. What is too dark to be read as text on dark ground is made lighter. */
function paletteRules(): string[] {
  const step = (value: number) => (value === 0 ? 0 : 55 + 40 * value);
  const rules: string[] = [];
  for (let index = 16; index < 232; index += 1) {
    const cube = index - 16;
    rules.push(...both(index, [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(step)));
  }
  for (let index = 232; index < 256; index += 1)
    rules.push(...both(index, Array(3).fill(8 + 10 * (index - 232))));
  return rules;
}

function both(index: number, levels: readonly number[]): string[] {
  const [red = 0, green = 0, blue = 0] = levels;
  const lightness = 0.3 * red + 0.59 * green + 0.11 * blue;
  const lift = lightness >= 115 ? 0 : (115 - lightness) / 255;
  const text = levels.map((level) => Math.round(level + (255 - level) * lift));
  return [
    `.fg-palette-${index} { color: rgb(${text.join(' ')}); }`,
    `.bg-palette-${index} { background: rgb(${levels.join(' ')}); }`,
  ];
}
