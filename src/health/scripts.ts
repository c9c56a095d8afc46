// Health by the scripts of a team, `resource.customizations` of argocd-cm: run by our Go program, in a process of its
// own (Argo CD: docs/operator-manual/health.md).
import type { Health, HealthStatusCode } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { globMatch } from '../base/glob.ts';
import { stringifyJson } from '../base/json.ts';
import { Worker } from '../base/worker.ts';
import { AppError } from '../base/errors.ts';
import { gvkOf, isObject } from '../model/kube.ts';
import { deletionHealth, healthOf } from './health.ts';

/** A script, and where it stands. */
export interface Script {
  /** `group/Kind`, globs; a kind of the core group stands alone. */
  kind: string;
  script: string;
  openLibs: boolean;
  key: string;
}

interface Answer {
  status: string;
  message: string;
  error?: string;
  /** It took too much, which another time it may not. */
  limit?: boolean;
}

/** Milliseconds, as in Argo CD. */
const timeoutMs = 1_000;
/** Bytes that the program may hold while a script runs. */
const memory = 256 * 2 ** 20;
/** What a script said counts for this long: it may have looked at the time. */
const freshMs = 60_000;
/** A script that took too much this often is not run for a while. */
const [strikes, strikeMs] = [3, 300_000];

/** In a process of its own: nobody else waits while a script takes all the time that it is given. */
export class HealthScripts {
  readonly #worker: Worker;
  readonly #scripts: () => readonly Script[];
  readonly #known = new LRUCache<string, Promise<Health | undefined>>({ max: 20_000, ttl: freshMs });
  readonly #struck = new LRUCache<string, number>({ max: 1_000, ttl: strikeMs, noUpdateTTL: true });
  readonly #ids = new WeakMap<Script, string>();
  /** Evaluations since the start. */
  evaluated = 0;

  /** `path` of the program `render`; `scripts` as they stand now, the first that fits an object is its own. */
  constructor(path: string, scripts: () => readonly Script[]) {
    this.#worker = new Worker({ path, memory: 4 * memory });
    this.#scripts = scripts;
  }

  stop(): void {
    this.#worker.stop();
  }

  /** As `healthOf`, but a script for its kind goes first. Rejects only when the program is missing or stopped. */
  readonly healthOf = async (object: KubeObject): Promise<Health | undefined> => {
    const own = this.#scriptFor(object);
    if (!own) return healthOf(object);
    return deletionHealth(object) ?? (await this.#judge(own, object));
  };

  /** One sentence for each script that cannot be read. */
  async faults(): Promise<string[]> {
    const found = this.#scripts().map(async ({ key, kind, script }) => {
      const { error } = await this.#call('lua-fault', { script });
      return error ? [`${key} of argocd-cm: the script for ${kind} cannot be read: ${error}`] : [];
    });
    return (await Promise.all(found)).flat();
  }

  #scriptFor(object: KubeObject): Script | undefined {
    const scripts = this.#scripts();
    if (scripts.length === 0) return undefined;
    const { group, kind } = gvkOf(object);
    const name = group === '' ? kind : `${group}/${kind}`;
    const fits = (pattern: string): boolean =>
      pattern === name ||
      globMatch(pattern, group === '' && pattern.includes('/') ? `/${kind}` : name, { separators: '/' });
    return scripts.find((script) => fits(script.kind));
  }

  #judge(own: Script, object: KubeObject): Promise<Health | undefined> {
    const { uid, resourceVersion } = object.metadata;
    if (!uid || !resourceVersion) return this.#run(own, object);
    const key = `${uid} ${resourceVersion} ${this.#idOf(own)}`;
    const known = this.#known.get(key);
    if (known) return known;
    const asked = this.#run(own, object);
    this.#known.set(key, asked);
    asked.catch(() => this.#known.delete(key));
    return asked;
  }

  async #run(own: Script, object: KubeObject): Promise<Health | undefined> {
    const id = this.#idOf(own);
    const met = this.#struck.get(id) ?? 0;
    if (met >= strikes) return unknown(own, 'it took too much more than once, and is not run for five minutes');
    this.evaluated += 1;
    const { script, openLibs } = own;
    const text = Buffer.from(stringifyJson(withoutSecrets(object)));
    const answer = await this.#call('lua', { script, openLibs, timeout: timeoutMs, memory }, text);
    if (answer.limit) this.#struck.set(id, met + 1);
    if (answer.error) return unknown(own, answer.error);
    if (answer.status === '') return undefined;
    const status = answer.status as HealthStatusCode; // the program answers no other words
    return answer.message ? { status, message: answer.message } : { status };
  }

  async #call(verb: string, parameters: object, ...texts: Buffer[]): Promise<Answer> {
    try {
      return (await this.#worker.call(verb, parameters, texts)).value as Answer;
    } catch (error) {
      if (this.#worker.isStopped || !(error instanceof AppError) || error.code === 'E_TOOLS') throw error;
      // Its end is the script's doing: nothing else was asked.
      return { status: '', message: '', error: 'it takes too much memory or time', limit: true };
    }
  }

  #idOf(script: Script): string {
    const id = this.#ids.get(script) ?? createHash('sha256').update(JSON.stringify(script)).digest('base64url');
    this.#ids.set(script, id);
    return id;
  }
}

function unknown({ key }: Script, why: string): Health {
  return { status: 'Unknown', message: `${key} of argocd-cm: ${why}` };
}

/** What a script says is shown: of a Secret it sees names alone. */
function withoutSecrets(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object;
  const hidden = (value: unknown): unknown =>
    isObject(value) ? Object.fromEntries(Object.keys(value).map((name) => [name, '++++++++'])) : value;
  const { annotations: _, managedFields: __, ...metadata } = object.metadata;
  return { ...object, metadata, data: hidden(object['data']), stringData: hidden(object['stringData']) };
}
