// What a process and all its children use, from /proc.
import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

interface Usage {
  /** CPU seconds since the process began; of ended children too. */
  cpu: number;
  /** Resident memory, MiB. */
  rss: number;
}

const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const page = Number(execFileSync('getconf', ['PAGE_SIZE'], { encoding: 'utf8' }));

/** Fields of /proc/<pid>/stat from the state on (proc(5): field 3 is the first); undefined when it has ended. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function family(root: number): Set<number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each)))
    parents.set(Number(name), Number(stat(Number(name))?.[1] ?? 0));
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return found;
}

/** Without its children. */
export function ownUsageOf(pid: number): Usage {
  const fields = stat(pid)?.map(Number) ?? [];
  return { cpu: ((fields[11] ?? 0) + (fields[12] ?? 0)) / ticks, rss: ((fields[21] ?? 0) * page) / 2 ** 20 };
}

export function usageOf(pid: number): Usage {
  let cpu = 0;
  let rss = 0;
  for (const each of family(pid)) {
    const fields = stat(each)?.map(Number);
    if (!fields) continue;
    const ended = each === pid ? (fields[13] ?? 0) + (fields[14] ?? 0) : 0;
    cpu += (fields[11] ?? 0) + (fields[12] ?? 0) + ended;
    rss += (fields[21] ?? 0) * page;
  }
  return { cpu: cpu / ticks, rss: rss / 2 ** 20 };
}
