/** Calls what an embedder gave. It must end nothing: what it throws, or rejects with as an async function, is handed to `failed`. */
export function guardedCall(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const answer = call();
    if (isThenable(answer)) void Promise.resolve(answer).then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return answer !== null && typeof answer === 'object' && 'then' in answer;
}

/** Also of what cannot be made a text. */
export function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'what was thrown has no text';
  }
}
