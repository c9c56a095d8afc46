// The processes in which Helm, Kustomize and Jsonnet run as libraries (tools/render/manifests): one request at a time
// each, and never one for what is merged and for what is not.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { run, toolMissing } from '../../base/process.ts';
import { Worker, WorkerLimitError } from '../../base/worker.ts';

export type ToolName = 'helm' | 'kustomize' | 'jsonnet';

/** The program as it was found. */
interface Program {
  /** Absolute path. */
  path: string;
  /** Of all libraries in it; part of every key. */
  version: string;
  /** Why it cannot be run: E_TOOLS. */
  fault?: AppError;
}

export interface Made {
  text: string;
  /** What the tool logged meanwhile, which may hold what is secret. */
  said: string;
}

interface Request {
  merged: boolean;
  /** By absolute path. */
  files: ReadonlyMap<string, Buffer>;
  options: object;
}

/** Argo CD's exec timeout. */
const timeoutMs = 90_000;
const maxOutput = 64 * 2 ** 20;
/** A process that has rendered holds some 50 MiB. */
const idleMs = 30_000;

/**
 * As many as are asked at the same time. A process is replaced after a request that failed, took too much, or left
 * something behind for the next one.
 */
export class Workers {
  readonly #program: Program;
  /** Those that are asked nothing at the moment, the last one in front. */
  readonly #merged: Worker[] = [];
  readonly #unmerged: Worker[] = [];

  constructor(program: Program) {
    this.#program = program;
  }

  get version(): string {
    return this.#program.version;
  }

  /** Throws E_PROCESS with all that the tool said, E_PROCESS_LIMIT, or E_TOOLS. */
  async make(tool: ToolName, { merged, files, options }: Request): Promise<Made> {
    if (this.#program.fault) throw this.#program.fault;
    const idle = merged ? this.#merged : this.#unmerged;
    const worker = idle.pop() ?? this.#open();
    try {
      const { value, blobs } = await worker.call(tool, { files: [...files.keys()], options }, [...files.values()]);
      return { text: String(blobs[0] ?? ''), said: (value as { said: string }).said };
    } catch (error) {
      throw translate(error, tool);
    } finally {
      idle.push(worker);
    }
  }

  #open(): Worker {
    return new Worker({
      path: this.#program.path,
      env: environment,
      timeoutMs,
      maxOutput,
      idleMs,
    });
  }
}

/** What ends two processes is the fault of what it was asked, such as more memory than there is. */
function translate(error: unknown, tool: ToolName): unknown {
  if (!(error instanceof AppError) || error.code === 'E_TOOLS') return error;
  const what =
    error instanceof WorkerLimitError
      ? `took ${error.took}`
      : error.kind === 'transient'
        ? 'ended its process twice over these files'
        : undefined;
  return what === undefined
    ? error
    : new AppError('E_PROCESS_LIMIT', `${tool} ${what}`, { hint: 'Make what is rendered smaller.' });
}

/**
 * Nothing of ours is inherited. The proxy that nobody serves turns what gets past the transport into an error at once.
 */
const nowhere = 'http://127.0.0.1:9';
const environment = {
  HOME: '/nonexistent',
  TMPDIR: '/nonexistent',
  PATH: '/nonexistent',
  LC_ALL: 'C',
  TZ: 'UTC',
  HTTP_PROXY: nowhere,
  HTTPS_PROXY: nowhere,
  http_proxy: nowhere,
  https_proxy: nowhere,
  GOMEMLIMIT: '1GiB',
  GOGC: '400',
};

/**
 * Of a program that cannot be run the use fails, not the start. A bare name is looked for on our PATH, for the program
 * has none.
 */
export async function findProgram(named: string): Promise<Program> {
  const folders = named.includes('/')
    ? []
    : (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const path = folders.map((folder) => join(folder, named)).find((each) => existsSync(each)) ?? named;
  try {
    const { stdout } = await run(path, ['--version'], { env: environment });
    return { path, version: stdout.toString('utf8').trim() };
  } catch (error) {
    const isMissing = error instanceof AppError && error.code === 'E_TOOLS';
    return { path, version: 'missing', fault: isMissing ? error : toolMissing(path, error) };
  }
}
