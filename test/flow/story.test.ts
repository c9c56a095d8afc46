// The story of a change, from the pull request to the cluster and back, with nothing going wrong, and with the rights
// of an installation: no more, no less.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audited, type Audited } from '../../sandbox/cluster/audit.ts';
import { startScene } from '../../sandbox/scene.ts';
import { controlNamespace } from '../../sandbox/settings.ts';
import { playStory } from '../../sandbox/story.ts';
import { grantedBy, ofSomeMoments, resourceText, roles, rolesOf } from '../granted.ts';

/** As in docs/permissions.md; an apply that made the object needed `create` too. */
function rightsOf({ verb, group, resource, name, made }: Audited): string[] {
  const verbs = made && verb === 'patch' ? ['patch', 'create'] : [verb];
  const texts = [resourceText(group, resource), resourceText(group, resource, name)];
  return verbs.flatMap((each) => texts.map((text) => `${each} ${text}`));
}

/** Whether the server sends lists with watches, and who writes first, is different in each run. */
const byChance = /^(?:get|list) /;

function assertExact(requests: readonly Audited[]): void {
  assert.ok(requests.length > 500, `${requests.length} requests`);
  const refused = requests.filter(({ allowed }) => !allowed);
  assert.deepEqual([...new Set(refused.flatMap(rightsOf))], [], 'nothing is missing');
  const own = requests.filter(({ namespace }) => namespace === controlNamespace);
  const used = new Set(own.flatMap(rightsOf));
  const granted = roles
    .flatMap((name) => grantedBy(name))
    .flatMap(({ resource, verbs }) => verbs.map((verb) => `${verb} ${resource}`));
  const later = new Set(ofSomeMoments().map(({ right }) => right));
  const unused = granted.filter((right) => !used.has(right));
  assert.deepEqual(
    unused.filter((right) => !later.has(right)),
    [],
    'a right that nothing used has its reason in docs/permissions.md',
  );
  assert.deepEqual(
    [...later].filter((right) => !byChance.test(right) && !unused.includes(right)),
    [],
    'a reason for a right that was used is out of date',
  );
}

/** Of the ClusterRole: what examples/install/managed.yaml lets it write, it writes. */
function assertManaged(requests: readonly Audited[]): void {
  const written = new Set(requests.filter(({ verb }) => verb === 'patch').map((each) => each.resource));
  const [managed] = rolesOf('examples/install/managed.yaml');
  const kinds = managed?.rules?.filter(({ verbs }) => verbs.includes('patch')).flatMap(({ resources }) => resources);
  assert.ok(kinds && kinds.length > 5);
  assert.deepEqual(
    kinds.filter((kind) => !written.has(kind)),
    [],
  );
}

test(
  'a change goes by pull request and approval into the cluster, drift is taken back, and a revert works, ' +
    'with exactly the rights of deploy/rbac.yaml',
  { timeout: 480_000 },
  async (t) => {
    const scene = await startScene({ asInstalled: true });
    try {
      await scene.coxswain.start();
      await playStory(scene, { tell: (line) => t.diagnostic(line) });
      await scene.coxswain.stop(); // a watch is written down when it ends
      const requests = audited(scene.cluster?.dir ?? '');
      assertExact(requests);
      assertManaged(requests);
    } catch (error) {
      t.diagnostic(scene.coxswain.logs().split('\n').slice(-40).join('\n'));
      throw error;
    } finally {
      await scene.stop();
    }
  },
);
