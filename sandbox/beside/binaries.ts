// The programs of others that `npm run beside` runs: Argo CD's one file, and Redis. Nothing of them is kept here.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { AppError, describeError } from '../../src/base/errors.ts';
import { run } from '../../src/base/process.ts';

export interface Programs {
  argocd: string;
  redis: string;
  /** Of Argo CD, as it says itself: `v3.5.1`. */
  version: string;
}

/** What the recorded table and the product's tests are about. */
export const series = '3.5';
/** As the file is called in a release, or once it is installed. */
const names = ['argocd', `argocd-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`];

const howToGet = `Argo CD is one file. Either
  - download argocd-linux-amd64 (or that of your machine) of a release ${series}.x from
    https://github.com/argoproj/argo-cd/releases and make it executable, or
  - build it, in a folder outside of this repository; its Go module alone lacks gitops-engine, another module:
      git clone --depth 1 --branch v3.5.1 https://github.com/argoproj/argo-cd && cd argo-cd
      mkdir -p ui/dist/app && touch ui/dist/app/gitkeep
      CGO_ENABLED=0 go build -o ../argocd-bin/argocd -trimpath \\
        -ldflags "-s -w -X github.com/argoproj/argo-cd/v3/common.version=3.5.1" ./cmd
Then: COXSWAIN_ARGOCD=<folder of that file> npm run beside`;

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function argocdOf(env: NodeJS.ProcessEnv): string {
  const folder = env['COXSWAIN_ARGOCD'];
  if (!folder) throw new AppError('E_TOOLS', 'COXSWAIN_ARGOCD names no folder with Argo CD', { hint: howToGet });
  const found = names
    .map((name) => join(resolve(folder), name))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  if (found === undefined)
    throw new AppError('E_TOOLS', `${folder} of COXSWAIN_ARGOCD has no ${names.join(' and no ')}`, { hint: howToGet });
  if (!isExecutable(found))
    throw new AppError('E_TOOLS', `${found} may not be executed`, { hint: `chmod +x ${found}` });
  return found;
}

function redisOf(env: NodeJS.ProcessEnv): string {
  const named = env['COXSWAIN_REDIS'];
  const found = named ? resolve(named) : onPath('redis-server', env);
  const hint = 'Install it (Debian: apt-get install redis-server), or let COXSWAIN_REDIS name the file.';
  if (found === undefined) throw new AppError('E_TOOLS', 'redis-server is not on PATH; Argo CD needs it', { hint });
  if (!isExecutable(found))
    throw new AppError('E_TOOLS', `${found} of COXSWAIN_REDIS is not there or may not be executed`, { hint });
  return found;
}

async function versionOf(argocd: string): Promise<string> {
  const env = { ARGOCD_BINARY_NAME: 'argocd', HOME: '/nonexistent', PATH: '' };
  const { stdout } = await run(argocd, ['version', '--client', '--short'], { env });
  const version = /v\d+\.\d+\.\d+[\w.-]*/.exec(stdout.toString())?.[0];
  if (!version?.startsWith(`v${series}.`))
    throw new AppError('E_TOOLS', `${argocd} is ${version ?? 'no Argo CD'}, not Argo CD ${series}`, { hint: howToGet });
  return version;
}

/** Throws E_TOOLS with all that is missing and how it is had. */
export async function programs(env: NodeJS.ProcessEnv = process.env): Promise<Programs> {
  const faults: unknown[] = [];
  const tried = (look: () => string): string => {
    try {
      return look();
    } catch (error) {
      faults.push(error);
      return '';
    }
  };
  const [argocd, redis] = [tried(() => argocdOf(env)), tried(() => redisOf(env))];
  const [first, second] = faults;
  if (second) throw new AppError('E_TOOLS', `two programs are missing\n${faults.map(describeError).join('\n\n')}`);
  if (first) throw first as Error;
  return { argocd, redis, version: await versionOf(argocd) };
}
