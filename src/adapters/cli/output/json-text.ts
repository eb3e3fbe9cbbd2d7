/** What JSON leaves as it is, and a terminal or a reader can be fooled with: DEL, C1 controls, marks that turn the direction of text. */
const DANGEROUS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Begins a command of GitHub Actions wherever in a line it stands (`actions/runner`, ActionCommand.cs). */
const COMMAND = /##\[/g;

/** A document as JSON, the same value with all of these escaped. */
export function jsonText(document: unknown, indent?: number): string {
  return JSON.stringify(document, null, indent)
    .replace(DANGEROUS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(COMMAND, '#\\u0023[');
}
