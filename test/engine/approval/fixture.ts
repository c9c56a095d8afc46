// Gates, people and their agreement: what tests of approval share.
import type { Actor, Approval } from '../../../src/model/coxswain.ts';
import type { AppProject } from '../../../src/model/project.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { errorKind } from '../../../src/base/errors.ts';
import { approve } from '../../../src/engine/request.ts';
import { eventually } from '../../control-plane.ts';
import { approvalIn, approvalsOf, person, requests } from '../manifests.ts';

export const [ana, bob, carol, cleo] = [person('ana', 1), person('bob', 2), person('carol', 3), person('cleo', 3)];

export const gate = { 'coxswain.dev/approval': 'required' };

/** Nothing is synced at any time. */
export const closed: Partial<AppProject['spec']> = {
  syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '1h', applications: ['*'] }],
};

/**
 * To whatever waits at the application; answers what was said to it. What is just being asked for has no status yet:
 * whoever carries out a person's word says it again, so this waits.
 */
export async function agree(
  s: Stage,
  actor: Actor = bob,
  teams: string[] = [],
  name = 'prod',
): ReturnType<typeof approve> {
  await eventually('all has been asked for', () => approvalsOf(s, name).every(({ status }) => status) || undefined);
  return approve(requests(s), { application: `${s.namespace}/${name}`, actor, teams });
}

/** To exactly what waits there, as soon as something does; said again where its status moved meanwhile. */
export async function agreeTo(
  s: Stage,
  name: string,
  actor: Actor = bob,
  test: (approval: Approval) => boolean = () => true,
): ReturnType<typeof approve> {
  const { digest } = (await approvalIn(s, name, 'Pending', test)).spec;
  const application = `${s.namespace}/${name}`;
  const answer = await eventually('the word is taken', async () => {
    try {
      return await approve(requests(s), { application, digest, actor, teams: [] });
    } catch (error) {
      if (errorKind(error) === 'terminal') throw error;
      return undefined;
    }
  });
  assert.equal(answer.done, true, answer.message);
  return answer;
}
