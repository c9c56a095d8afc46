// Previews of a branch of the stage's repository, over a real comparison with a real cluster.
import type { AppPreview, PullPreview } from '../../src/change/pull.ts';
import type { Renderer } from '../../src/render/render.ts';
import type { Stage } from '../engine/fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { createChange } from '../../src/change/change.ts';
import { createDesiring } from '../../src/engine/application/desired.ts';
import { createAuthors } from '../../src/engine/approval/authors.ts';
import { changeDeps } from '../../src/operator/change-deps.ts';

/** In the clone, as Eve; gives what it printed. */
export function git(s: Stage, ...args: string[]): string {
  const who = ['-c', 'user.name=Eve', '-c', 'user.email=eve@example.com'];
  return execFileSync('git', [...who, ...args], {
    cwd: s.clone,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** A branch beside main with these files. */
function branch(s: Stage, files: Record<string, string | undefined>): string {
  git(s, 'checkout', '-q', '-B', 'change', 'origin/main');
  for (const [path, text] of Object.entries(files)) {
    if (text === undefined) {
      git(s, 'rm', '-q', path);
      continue;
    }
    mkdirSync(dirname(join(s.clone, path)), { recursive: true });
    writeFileSync(join(s.clone, path), text);
  }
  git(s, 'add', '-A');
  git(s, 'commit', '-qm', 'change');
  git(s, 'push', '-qf', 'origin', 'change');
  git(s, 'checkout', '-q', '-');
  return git(s, 'rev-parse', 'change');
}

/** `renderer`: default the stage's, whose manifests the engine has compared already. */
export async function preview(
  s: Stage,
  files: Record<string, string | undefined>,
  renderer: Renderer = s.renderer,
): Promise<PullPreview> {
  return previewOf(s, branch(s, files), renderer);
}

/** Of a commit that is the head of the branch `change`. */
export async function previewOf(s: Stage, sha: string, renderer: Renderer = s.renderer): Promise<PullPreview> {
  const { store, engine, cluster } = s;
  const desiring = createDesiring({
    merged: false,
    git: s.git,
    renderer,
    remotes: s.remotes,
    clusterOf: () => Promise.resolve({ version: cluster.discovery.version, apiVersions: [] }),
  });
  const deps = changeDeps({
    ...{ store, git: s.git, desiring, engine, clock: systemClock },
    authors: createAuthors(s.git, s.forge),
  });
  const pull = {
    repoUrl: s.url,
    owner: 'acme',
    repo: 'infra',
    number: 7,
    base: { ref: 'main', sha },
    head: { ref: 'change', sha },
    defaultBranch: 'main',
    author: { login: 'eve', id: 666 },
    draft: false,
    fork: false,
  };
  return createChange(deps).preview(pull, AbortSignal.timeout(30_000));
}

export function rowOf(found: PullPreview, name: string): AppPreview {
  const row = found.apps.find((app) => app.name === name);
  assert.ok(row, `${name} among ${found.apps.map((app) => app.name).join(', ')}`);
  return row;
}
