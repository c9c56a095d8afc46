// Splits a stream of bytes into lines without copying more than needed.

const newline = 10;

/** One for each stream; what is left without a newline waits for the next chunk. */
export class LineSplitter {
  #pending: Buffer[] = [];

  /**
   * Calls `onLine` for every line that the chunk completes; the text is decoded, without its end. Empty lines are
   * passed over.
   */
  push(chunk: Buffer, onLine: (line: string) => void): void {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const line = this.#complete(chunk.subarray(from, end));
      from = end + 1;
      if (line !== '') onLine(line);
    }
    // The chunk is the reader's own memory and may be used again.
    if (from < chunk.length) this.#pending.push(Buffer.from(chunk.subarray(from)));
  }

  #complete(tail: Buffer): string {
    if (this.#pending.length === 0) return tail.toString('utf8');
    this.#pending.push(tail);
    const line = Buffer.concat(this.#pending).toString('utf8');
    this.#pending = [];
    return line;
  }
}
