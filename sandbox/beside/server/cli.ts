// Argo CD's own command line, logged in as admin at its own server.
import type { Programs } from '../binaries.ts';
import { execFile } from 'node:child_process';
import { join } from 'node:path';

export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

export type Cli = (...args: string[]) => Promise<Output>;

interface CliOptions {
  programs: Pick<Programs, 'argocd'>;
  /** Its home and settings. */
  dir: string;
}

/** None of them takes longer, but for a fault. */
const patienceMs = 90_000;

/** Resolves whichever its exit code. */
export function commandLine({ programs, dir }: CliOptions): Cli {
  const env = { ARGOCD_BINARY_NAME: 'argocd', HOME: dir, PATH: process.env['PATH'] ?? '' };
  const settings = ['--config', join(dir, 'cli.yaml')];
  return (...args) =>
    new Promise((resolve) => {
      execFile(programs.argocd, [...args, ...settings], { env, timeout: patienceMs }, (error, stdout, stderr) => {
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr });
      });
    });
}

/** How Argo CD keeps a password. */
export async function hashOf(cli: Cli, password: string): Promise<string> {
  const { code, stdout, stderr } = await cli('account', 'bcrypt', '--password', password);
  if (code !== 0) throw new Error(`argocd account bcrypt ended with ${code}: ${stderr}`);
  return stdout.trim();
}

export async function logIn(cli: Cli, server: string, password: string): Promise<void> {
  const admin = ['--username', 'admin', '--password', password];
  const { code, stderr } = await cli('login', server, '--plaintext', '--insecure', ...admin);
  if (code !== 0) throw new Error(`argocd login ended with ${code}: ${stderr}`);
}
