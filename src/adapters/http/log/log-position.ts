import { PLAIN, parametersOf, styledBy, type TextStyle } from './text-style.js';

/** Where a line begins, and all that must be known to go on there. */
export interface LogPosition {
  /** In bytes. */
  readonly offset: number;
  /** Of the line, from 1. */
  readonly number: number;
  readonly style: TextStyle;
}

export const LOG_START: LogPosition = { offset: 0, number: 1, style: PLAIN };

const FORM = /^(\d{1,15})\.(\d{1,12})\.([\d;]{0,64})$/;

/** As the id of an event, which a browser hands back: `offset.line.style`. */
export function positionText({ offset, number, style }: LogPosition): string {
  return `${offset}.${number}.${parametersOf(style)}`;
}

/** Null for what is no position of ours. */
export function parsedPosition(text: string): LogPosition | null {
  const [, offset, number, parameters] = FORM.exec(text) ?? [];
  if (offset === undefined || number === undefined || parameters === undefined) return null;
  const style = parameters === '' ? PLAIN : styledBy(PLAIN, parameters);
  return { offset: Number(offset), number: Math.max(1, Number(number)), style };
}
