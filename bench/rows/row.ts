/** Milliseconds by what was measured, such as `first` and `all`. */
export type Times = Readonly<Record<string, number>>;

/** One way of running a job. A round is timed inside; what has to be put away afterwards is done before it returns. */
export interface Row extends AsyncDisposable {
  readonly name: string;
  round(): Promise<Times>;
}
