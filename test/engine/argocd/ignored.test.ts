// What Argo CD would write beside nothing: fields that nobody is asked about, because they are ignored.
import type { TestContext } from 'node:test';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Stage } from '../fixture.ts';
import type { Beside } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameJson } from '../../../src/base/canonical.ts';
import { config, configMap, dataOf, editByHand, isSynced, patchApp, push } from '../manifests.ts';
import { ask, deployed } from './fixture.ts';

/** In sync, with a field that somebody set by hand since and that nobody is asked about. */
async function setByHandAndIgnored(t: TestContext): Promise<Beside> {
  const made = await deployed(t, { 'gates/a.yaml': config('gates', '1') });
  const { s } = made;
  await s.until('gates', 'synced', isSynced);
  await patchApp(s, 'gates', { spec: { ignoreDifferences: [{ kind: 'ConfigMap', jsonPointers: ['/data/value'] }] } });
  const app = await s.until('gates', 'told so', ({ spec }) => spec.ignoreDifferences !== undefined);
  await s.untilStore('its last sync is believed', () => s.engine.unverified(app) === undefined || undefined);
  const key = configMap(s, 'gates');
  await editByHand(s, 'gates', { value: 'by hand' });
  const isEdited = (object: KubeObject | undefined): boolean => sameJson(object?.['data'], { value: 'by hand' });
  await s.cluster.live.until(key, (now) => isEdited(now?.object), AbortSignal.timeout(60_000));
  return made;
}

const inSync = {
  'the very state that was synced last': () => undefined,
  'another text for the same manifests': (s: Stage) => push(s, { 'gates/a.yaml': `# why\n${config('gates', '1')}` }),
};

for (const [name, come] of Object.entries(inSync))
  test(`a sync of ${name} is refused where Argo CD would write ignored fields`, async (t) => {
    const { s, operations } = await setByHandAndIgnored(t);
    await come(s);
    const outcome = await ask(s, 'again');
    assert.deepEqual(outcome, {
      done: false,
      message:
        `nothing is out of sync, but Argo CD would write what nobody has approved: ConfigMap ${s.namespace}/gates ` +
        'data.value. It comes with the next change; ApplyOutOfSyncOnly=true or RespectIgnoreDifferences=true leaves ' +
        'it as it is',
    });
    assert.equal(operations.length, 1); // that of the first state
    assert.deepEqual(await dataOf(s, 'gates'), { value: 'by hand' });
  });
