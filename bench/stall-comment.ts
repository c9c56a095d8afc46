// How long the event loop is held at a stretch by the comment of a large pull request.
import type { ObjectDiff } from '../src/model/effect.ts';
import type { KubeObject } from '../src/model/kube.ts';
import { diffFields } from '../src/diff/diff.ts';
import { diffCheck } from '../src/github/markdown/check-content.ts';
import { renderComment } from '../src/github/markdown/comment.ts';
import { keyOf } from '../src/model/kube.ts';
import { app, preview } from '../test/github/markdown/sample.ts';
import { longest } from './longest.ts';

export function configMap(at: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c-${at}`, namespace: 'app', uid: `${at}`, resourceVersion: '1' },
    data: { value: 'x'.repeat(200) },
  };
}

function changedObject(before: KubeObject): ObjectDiff {
  const after = { ...before, data: { value: 'y'.repeat(200) } };
  return { key: keyOf(before), action: 'change', changes: diffFields(before, after), before, after, notes: [] };
}

/** The comment on a pull request that changes 1,000 objects of one application, and one of each of 999 others. */
export async function comment(): Promise<number> {
  const objects = Array.from({ length: 1000 }, (_, at) => configMap(at));
  const apps = objects.map((object, at) =>
    app(`app-${at}`, { change: (at === 0 ? objects : [object]).map(changedObject) }),
  );
  const shown = preview(apps, { considered: 1000 });
  return longest(async () => {
    const { diff } = await renderComment({
      preview: shown,
      activity: '',
      publicUrl: 'https://cox.example',
      refused: '',
    });
    diffCheck(shown, diff);
  });
}
