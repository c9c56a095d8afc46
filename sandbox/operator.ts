// Coxswain itself as a child process of the sandbox: started, killed and started again, as a cluster would.
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binaries } from '../tools/binaries.ts';
import { Children } from './cluster/children.ts';
import { freePorts } from './cluster/ports.ts';

interface OperatorOptions {
  /** Its data, and the log `coxswain.log` of all its lives. */
  dir: string;
  /**
   * Of the page; default a free one, as for webhooks and health: the same in every life, so that webhooks find theirs.
   */
  port?: number;
  /** Folder of manifests and render. */
  toolsDir: string;
  /**
   * Gets our own environment, which log-in plug-ins of a foreign cluster need; none of its COX_ variables. Default:
   * PATH alone.
   */
  inherit?: boolean;
  /** Settings besides those that follow from the options; see `variables` in src/operator/config.ts. */
  env: Record<string, string>;
}

/**
 * As in the Dockerfile. V8 lets its young generation grow to 64 MiB; a quarter of that does as well and saves 70 MiB.
 */
export const nodeFlags = ['--max-semi-space-size=8'];

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const startMs = 60_000;
const stopMs = 15_000;

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || name.startsWith('COX_') ? [] : [[name, value]],
    ),
  );
}

/** One folder inside `dir` that names the tools which the operator runs. */
export async function toolsFolder(dir: string): Promise<string> {
  const folder = join(dir, 'tools');
  mkdirSync(folder, { recursive: true });
  for (const [name, path] of Object.entries(await binaries(['manifests', 'render']))) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(path, join(folder, name));
  }
  return folder;
}

/** Many lives, one at a time. */
export class Operator {
  /** Of the page. */
  readonly url: string;
  /** Where GitHub, or whoever tells of pushes, sends its webhooks. */
  readonly webhookUrl: string;
  /** Of metrics, health and readiness. */
  readonly healthUrl: string;
  readonly logFile: string;
  readonly #options: OperatorOptions;
  readonly #listen: Record<string, string>;
  readonly #children = new Children();
  #lives = 0;

  constructor(options: OperatorOptions & { ports: Record<'public' | 'page' | 'metrics', number> }) {
    this.#options = options;
    const { ports } = options;
    this.url = `http://127.0.0.1:${ports.page}`;
    this.webhookUrl = `http://127.0.0.1:${ports.public}/webhooks/github`;
    this.healthUrl = `http://127.0.0.1:${ports.metrics}`;
    this.#listen = Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [`COX_LISTEN_${name.toUpperCase()}`, `127.0.0.1:${port}`]),
    );
    this.logFile = join(options.dir, 'coxswain.log');
    mkdirSync(options.dir, { recursive: true });
  }

  /** 0 when it does not run. */
  get pid(): number {
    return this.#children.pids['coxswain'] ?? 0;
  }

  /** How often it was started. */
  get lives(): number {
    return this.#lives;
  }

  /** Everything it has logged so far. */
  logs(): string {
    try {
      return readFileSync(this.logFile, 'utf8');
    } catch {
      return ''; // it never ran
    }
  }

  /** Starts it without waiting. */
  spawn(): void {
    const { dir, toolsDir, env, inherit } = this.#options;
    this.#lives += 1;
    this.#children.start({
      name: 'coxswain',
      command: process.execPath,
      args: [...nodeFlags, main],
      log: this.logFile,
      env: {
        ...(inherit ? inherited() : { PATH: process.env['PATH'] ?? '', HOME: dir }),
        COX_DATA_DIR: join(dir, 'data'),
        COX_TOOLS_DIR: toolsDir,
        ...this.#listen,
        COX_PUBLIC_URL: this.url,
        ...env,
      },
    });
  }

  /** Resolves when it is ready. Throws with the end of its log when it ends or is not ready within a minute. */
  async start(): Promise<void> {
    this.spawn();
    await this.ready();
  }

  async ready(): Promise<void> {
    const deadline = Date.now() + startMs;
    while (!(await this.#isReady())) {
      const ended = this.#children.ended();
      if (ended) throw new Error(ended);
      if (Date.now() > deadline)
        throw new Error(`Coxswain is not ready after ${startMs} ms:\n${this.logs().split('\n').slice(-20).join('\n')}`);
      await sleep(20);
    }
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#children.kill('coxswain');
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** SIGTERM, and SIGKILL when that does not suffice. */
  stop(): Promise<void> {
    return this.#children.kill('coxswain', stopMs);
  }

  /** Stops it and the guard that would kill it if we died. */
  async end(): Promise<void> {
    await this.stop();
    await this.#children.stop();
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.healthUrl}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
    } catch {
      return false; // not listening yet
    }
  }
}

export async function createOperator(options: OperatorOptions): Promise<Operator> {
  const [open = 0, metrics = 0, free = 0] = await freePorts(3);
  return new Operator({ ...options, ports: { public: open, metrics, page: options.port ?? free } });
}
