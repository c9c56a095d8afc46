// The door of every npm script: installs what is missing, then runs the TypeScript entry under the pinned Node.
//   node tools/enter.mjs <entry.ts> [arguments…]
// It is plain JavaScript that runs on Node 20.18 and newer, before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [entry, ...args] = process.argv.slice(2);

if (isTooOld(process.versions.node)) fail(`Node ${process.versions.node} is too old: install Node 20.18 or newer.`);
if (!entry) fail('usage: node tools/enter.mjs <entry.ts> [arguments…]');
if (!existsSync(join(root, entry))) fail(`${entry} does not exist.`);

const why = reasonToInstall();
if (why) await install(why);
await runEntry();

/** Undefined when node_modules is what package-lock.json asks for. */
function reasonToInstall() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  if (!wanted) fail('package-lock.json is missing or not readable.');
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return 'nothing is installed yet';
  for (const [path, { version, optional, link }] of Object.entries(wanted)) {
    if (path === '' || link) continue;
    const found = installed[path];
    if (!found && optional) continue; // for another platform
    if (!found) return `${path} is not installed`;
    if (found.version !== version) return `${path} is ${found.version}, wanted ${version}`;
  }
  if (!existsSync(pinnedNode())) return 'the pinned Node is not there';
  return undefined;
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** The package's own install script puts it there. */
function pinnedNode() {
  return join(root, 'node_modules', '.bin', 'node');
}

async function install(reason) {
  const began = Date.now();
  const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`;
  process.stderr.write(`npm ci, because ${reason}\n`);
  const ticker = setInterval(
    () => process.stderr.write(process.stderr.isTTY ? `\r\x1b[Knpm ci · ${seconds()}` : `npm ci · ${seconds()}\n`),
    process.stderr.isTTY ? 1_000 : 15_000,
  );
  const code = await finished(
    spawn('npm', ['ci', '--loglevel=error'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  clearInterval(ticker);
  if (code !== 0) fail(`npm ci ended with code ${code}. Check the network and run this again.`);
  if (!existsSync(pinnedNode()))
    fail(
      'npm ci did not put the pinned Node in place: its install script may be forbidden. ' +
        'Allow it (npm: allowScripts in package.json, ignore-scripts off) and run "npm rebuild node".',
    );
  process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}installed in ${seconds()}\n`);
}

/** Ctrl-C reaches the child by itself; a signal sent to us alone is passed on. We end as the child ends. */
async function runEntry() {
  const child = spawn(pinnedNode(), [resolve(root, entry), ...args], { stdio: 'inherit' });
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => onTerminal || child.kill('SIGINT'));
  process.exit(await finished(child));
}

/** Exit code as a shell gives it: 128 + number for a signal. */
function finished(child) {
  child.stdout?.resume();
  return new Promise((done) => {
    child.on('error', (error) => fail(`${child.spawnfile} cannot be started: ${error.message}`));
    child.on('exit', (code, signal) =>
      done(code ?? { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 }[signal] ?? 1),
    );
  });
}

function isTooOld(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 20 || (major === 20 && minor < 18);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
