// What the sandbox's commands share: lines with the time that has passed, and the end by Ctrl-C.

/** Writes lines to standard output, each with the seconds since now. */
export function createTell(): (line: string) => void {
  const began = performance.now();
  return (line) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${seconds} s  ${line}\n`);
  };
}

/** One Ctrl-C arrives more than once: from the terminal, and passed on by npm. */
const sameSignalMs = 1_000;

/** Resolves when the person has had enough; who insists a second later does not wait for a tidy end. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    let since: number | undefined;
    const onSignal = (): void => {
      if (since !== undefined && performance.now() - since > sameSignalMs) process.exit(1);
      since ??= performance.now();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
