// What is remembered goes with its subject: a thousand of each come and go, and nothing of them is left.
import type { Git } from '../../src/git/git.ts';
import type { Store } from '../../src/store/store.ts';
import type { Application } from '../../src/model/application.ts';
import type { Round } from './round.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nextTurn, systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Holdings } from '../../src/engine/application/holdings.ts';
import { Memory } from '../../src/engine/application/memory.ts';
import { createSources } from '../../src/engine/application/sources.ts';
import { kinds, namespaces } from './cluster.ts';
import { shown, sweeps } from './github.ts';
import { pad } from './round.ts';
import { cards } from './slack.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is under way has its turns first: it holds on to what it was about. */
async function heap(): Promise<number> {
  for (let turn = 0; turn < 10; turn += 1) {
    await nextTurn();
    collect();
  }
  return process.memoryUsage().heapUsed;
}

function applications(): Round {
  const memory = new Memory();
  return (number) => {
    const [key, tracking] = [`ns/app-${number}-${pad}`, `app-${number}-${pad}`];
    memory.of(key, tracking);
    memory.touch(tracking, { group: '', kind: 'ConfigMap', namespace: 'ns', name: pad + number });
    memory.delete(key);
  };
}

function holdings(): Round {
  const held = new Holdings();
  return (number) => {
    held.set(`app-${number}`, 'https://server', 'key', () => [
      { group: '', kind: 'ConfigMap', namespace: 'ns', name: pad + number },
    ]);
    held.delete(`app-${number}`);
  };
}

/** URLs of clusters, by which applications find them. */
function clusters(): Round {
  const held = new Holdings();
  return (number) => {
    const server = `https://${number}-${pad}`;
    held.identify(server, `uid-${number}`);
    held.forgetOthers(new Set());
  };
}

/** Repositories of which the last application goes. */
function repositories(): Round {
  let apps: Application[] = [];
  const { signal } = new AbortController();
  const open = new Map<string, string>();
  const git = {
    repository: (url: string) => ({ url: open.set(url, pad + url) && url, fetch: () => Promise.resolve() }),
    forget: (url: string) => void open.delete(url),
  } as unknown as Git;
  const store = { applications: { list: () => apps } } as unknown as Store;
  const sources = createSources({ git, store, clock: systemClock, log: silentLogger() });
  return async (number) => {
    const app: Application = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'web', namespace: 'ns' },
      spec: {
        project: 'default',
        destination: {},
        source: { repoURL: `https://git.example/${number}-${pad}`, path: '.' },
      },
    };
    apps = [app];
    await sources.fetch(app, systemClock.now(), signal, new Memory());
    apps = [];
    await sources.moved('https://git.example/other', new Memory(), signal);
    assert.equal(open.size, 0);
  };
}

for (const [what, begin] of Object.entries({
  ...{ applications, holdings, clusters, repositories },
  ...{ shown, pulls: sweeps('pulls'), 'repositories of the App': sweeps('repositories') },
  ...{ cards, namespaces, kinds },
})) {
  test(`a thousand come and go: ${what}`, async () => {
    const round = begin();
    for (let number = 0; number < 200; number += 1) await round(number);
    const before = await heap();
    for (let number = 200; number < 1200; number += 1) await round(number);
    const grown = (await heap()) - before;
    assert.ok(grown < 1_000_000, `${grown} bytes are left, of two kilobytes each`);
  });
}
