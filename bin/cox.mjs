#!/usr/bin/env node
// The command `cox`, wherever npm put it: finds a Node that runs the source, and the tools that a clone has built.
// It is plain JavaScript, so that a Node that is too old can say so.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const self = realpathSync(fileURLToPath(import.meta.url));
const root = dirname(dirname(self));
const runsSource = nodeModule.stripTypeScriptTypes && nodeModule.registerHooks && Promise.withResolvers;
const pinned = join(root, 'node_modules', '.bin', 'node');

if (runsSource) await runHere();
else if (existsSync(pinned)) runWith(pinned);
else {
  process.stderr.write(
    `cox: Node ${process.versions.node} (${process.execPath}) is too old (E_TOOLS)\n` +
      '  next:  Install Node 24 or newer and put it first on PATH.\n',
  );
  process.exitCode = 3;
}

async function runHere() {
  if (root.split(sep).includes('node_modules')) {
    const hooks = pathToFileURL(join(root, 'bin', 'strip-types.mjs')).href;
    await import(hooks);
    process.execArgv.push(`--import=${hooks}`); // for processes of our own
  }
  await addBuiltTools();
  await import(pathToFileURL(join(root, 'src', 'cli', 'cli.ts')).href);
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
