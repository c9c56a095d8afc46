// The command line: what Coxswain knows and does, against the cluster of the current kubeconfig.
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

async function main(): Promise<void> {
  const { env } = process;
  // Only in a folder of one's own: whoever may write there runs code.
  enableCompileCache(join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'coxswain', 'code'));
  const { cox } = await import('./run.ts');
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Error('interrupted')));
  process.once('SIGTERM', () => abort.abort(new Error('terminated')));
  // A reader that has seen enough (head) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3));
  const out = {
    result: (text: string) => void process.stdout.write(`${text}\n`),
    note: (text: string) => void process.stderr.write(`${text}\n`),
  };
  process.exitCode = await cox(process.argv.slice(2), { env, out, color: process.stdout.isTTY, signal: abort.signal });
}

await main();
