/** C0, DEL and C1 controls, the marks that turn the direction of text, and bytes that are no part of UTF-8 (`nameText`): what a terminal or a reader can be fooled with. */
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]/gu;

/** What a GitHub Actions around it takes for a command: the first wherever it stands, the second at the beginning of a line behind blanks (`actions/runner`, ActionCommand.cs). */
const COMMAND = /##\[|(?<=^\s*)::/g;

const NAMES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0xdc00) return `\\x${(code - 0xdc00).toString(16)}`;
  const hex = code.toString(16);
  return NAMES[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`);
}

/** One line of text that a host or a guest has had a hand in, with everything that is not plain text made visible. */
export function escapeLine(text: string): string {
  return escapeControls(text).replace(COMMAND, (found) => (found === '::' ? '\\::' : '#\\#['));
}

/** The same for text that has another way of being no command. */
export function escapeControls(text: string): string {
  return text.replace(DANGEROUS, escaped);
}

/** The same for a message of several lines. Every line after the first is indented, so that none can pass for one of pikaci's own. */
export function escapeMessage(text: string, indent = '  '): string {
  return withoutEnd(text.replace(/\r\n/g, '\n'), '\n').split('\n').map(escapeLine).join(`\n${indent}`);
}

/** Without any number of one character at its end. A pattern such as `\r+$` takes a time that grows with the square of a row of them elsewhere in the text. */
export function withoutEnd(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}
