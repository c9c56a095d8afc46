// Tells a waiting person what is being done, how much is left and how long it has taken.

export interface Progress {
  /** Begins one step; the returned function ends it. */
  start(name: string): () => void;
  /** One step turned out to need nothing. */
  skip(): void;
  note(text: string): void;
  end(): void;
}

/** On a terminal one line is rewritten every second; elsewhere a line at each start and end, and one every 30 s. */
export function progress(total: number, what: string, out: NodeJS.WriteStream = process.stderr): Progress {
  const began = Date.now();
  let finished = 0;
  const line = (text: string): void => void out.write(out.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  return {
    start(name) {
      const at = Date.now();
      const left = total - finished - 1;
      const text = (): string =>
        `building ${name} · ${finished + 1} of ${total} ${what}, ${left} more after it · ${seconds(at)} ` +
        `(${seconds(began)} in all)`;
      const tick = (): void => void (out.isTTY ? out.write(`\r\x1b[K${text()}`) : line(text()));
      tick();
      const timer = setInterval(tick, out.isTTY ? 1_000 : 30_000);
      return () => {
        clearInterval(timer);
        finished += 1;
        line(`built ${name} in ${seconds(at)}`);
      };
    },
    skip: () => void (finished += 1),
    note: line,
    end: () => line(`${total} ${what} ready after ${seconds(began)}`),
  };
}

function seconds(since: number): string {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}
