// Runs a check of the whole tree (lint, types) as one test.
import type { Report } from './report.ts';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface Check {
  name: string;
  /** Below node_modules. */
  script: string;
  args: string[];
  cwd: string;
  signal: AbortSignal;
}

/** Never rejects: a check that cannot run has failed. */
export function runCheck({ name, script, args, cwd, signal }: Check, report: Report): Promise<void> {
  const began = Date.now();
  return new Promise((resolve) => {
    const said: string[] = [];
    const child = spawn(process.execPath, [join(cwd, 'node_modules', script), ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
    child.on('error', (error) => said.push(error.message));
    child.on('close', (code) => {
      if (code === 0) report.passed(name, Date.now() - began);
      else report.failed(name, said.join('').trim().replaceAll(`${cwd}/`, ''));
      resolve();
    });
  });
}
