// What Argo CD's processes find where they run.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startArgoCd } from '../../../sandbox/beside/argocd.ts';

test('its repo-server finds on PATH the renderers and the programs that it runs', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-beside-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const argocd = join(dir, 'program');
  const looks = 'for name in helm kustomize argocd git-verify-wrapper.sh; do command -v $name || echo "no $name"; done';
  writeFileSync(argocd, `#!/bin/sh\n${looks}\nexit 3\n`, { mode: 0o755 });
  const programs = { argocd, redis: '/nonexistent', version: 'v3.5.1' };
  const own = join(dir, 'own');
  await assert.rejects(
    startArgoCd({ programs, dir: own, kubeconfig: '/nonexistent', parts: ['repo-server'] }),
    ({ message }: Error) => {
      const [first, ...found] = message.split('\n');
      assert.equal(first, `repo-server ended with code 3: ${own}/bin/helm`);
      assert.deepEqual(
        found,
        ['kustomize', 'argocd', 'git-verify-wrapper.sh'].map((name) => `${own}/bin/${name}`),
      );
      return true;
    },
  );
});
