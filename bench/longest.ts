// The longest stretch for which something holds the event loop: CPU time of the main thread between two turns of a
// timer, which other load does not disturb.

/** Milliseconds of the longest stretch while it runs; the best of three runs. */
export async function longest(run: () => Promise<void>): Promise<number> {
  const runs: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    let [most, last, open] = [0, process.threadCpuUsage(), true];
    const note = (): void => {
      const { user, system } = process.threadCpuUsage(last);
      most = Math.max(most, (user + system) / 1000);
      last = process.threadCpuUsage();
    };
    const tick = (): void => {
      note();
      if (open) setTimeout(tick, 1);
    };
    setTimeout(tick, 1);
    await run();
    note();
    open = false;
    runs.push(most);
  }
  return Number(Math.min(...runs).toFixed(1));
}
