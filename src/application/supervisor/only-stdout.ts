import type { OutputChunk } from '../../ports/output-chunk.js';

/** The log of a call, or its archive. `onLeft` is called when nobody reads it any more. */
export async function* onlyStdout(
  output: AsyncIterable<OutputChunk>,
  onStderr: (data: Uint8Array) => void = () => {},
  onLeft: () => void = () => {},
) {
  try {
    for await (const chunk of output) {
      if (chunk.stream === 'stdout') yield chunk.data;
      else onStderr(chunk.data);
    }
  } finally {
    onLeft();
  }
}
