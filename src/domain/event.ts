/** Written first as a type; the wire schema stands beside it. */
export interface PikaciEvent {
  readonly type: string;
}
