import type { RunStatus } from '../../../domain/events/run-status.js';

const WORDS: Readonly<Record<RunStatus | 'unknown', readonly [string, string]>> = {
  passed: ['passed', '#2da44e'],
  failed: ['failed', '#cf222e'],
  running: ['running', '#0969da'],
  cancelled: ['cancelled', '#6e7781'],
  interrupted: ['interrupted', '#bf8700'],
  skipped: ['skipped', '#6e7781'],
  unknown: ['no runs', '#6e7781'],
};

/** Pixels that a character takes at the size of a badge, about; the text is fitted into what that makes. */
const CHARACTER = 6.6;
const MARGIN = 12;

/**
 * How the newest run of a branch stands, as a picture of two fields. Nothing in it comes from a record but the status, and how many jobs failed
 * that were allowed to.
 */
export function badge(status: RunStatus | null, allowedToFail = 0): string {
  const [plain, colour] = WORDS[status ?? 'unknown'];
  const word = allowedToFail === 0 ? plain : `${plain}, ${allowedToFail} allowed to fail`;
  const [left, right] = [widthOf('pikaci'), widthOf(word)];
  const field = (text: string, x: number, width: number) =>
    `<text x="${x + width / 2}" y="14" textLength="${width - MARGIN}" lengthAdjust="spacingAndGlyphs">${text}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="pikaci: ${word}"><title>pikaci: ${word}</title><clipPath id="c"><rect width="${left + right}" height="20" rx="3"/></clipPath><g clip-path="url(#c)"><rect width="${left}" height="20" fill="#24292f"/><rect x="${left}" width="${right}" height="20" fill="${colour}"/></g><g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${field('pikaci', 0, left)}${field(word, left, right)}</g></svg>
`;
}

function widthOf(text: string): number {
  return Math.round(text.length * CHARACTER) + MARGIN;
}
