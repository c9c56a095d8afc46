#!/usr/bin/env node
// The command `cox`, wherever npm put it: finds a Node that runs it, and the tools that a clone has built.
// It is plain JavaScript, so that a Node that is too old can say so.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const self = realpathSync(fileURLToPath(import.meta.url));
const root = dirname(dirname(self));
const source = join(root, 'src', 'cli', 'cli.ts');
const pinned = join(root, 'node_modules', '.bin', 'node');

// Node 24.2 is the first that has it.
if (typeof import.meta.main === 'boolean') await runHere();
else if (existsSync(source) && existsSync(pinned)) runWith(pinned);
else {
  process.stderr.write(
    `cox: Node ${process.versions.node} (${process.execPath}) is too old (E_TOOLS)\n` +
      '  next:  Install Node 24.2 or newer and put it first on PATH.\n',
  );
  process.exitCode = 3;
}

/** A clone runs its source; a package ships what `tools/emit.ts` makes of it. */
async function runHere() {
  await addBuiltTools();
  await import(pathToFileURL(existsSync(source) ? source : join(root, 'dist', 'cli', 'cli.js')).href);
}

/** Of a clone, what `tools/binaries.ts` has built, behind all that is on PATH. */
async function addBuiltTools() {
  const binaries = join(root, 'tools', 'binaries.ts');
  if (process.env.COX_TOOLS_DIR || !existsSync(binaries)) return;
  const { binaryPath } = await import(pathToFileURL(binaries).href);
  const folders = ['manifests', 'render']
    .map((name) => binaryPath(name))
    .filter(existsSync)
    .map(dirname);
  process.env.PATH = [process.env.PATH, ...folders].filter(Boolean).join(delimiter);
}

function runWith(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`cox: ${node} cannot be started: ${error.message} (E_TOOLS)\n`);
    process.exitCode = 3;
  });
  child.on('exit', (code) => (process.exitCode = code ?? 3));
}
