// `cox repo` and `cox cluster`: Secrets with Argo CD's labels, from which nothing secret is ever printed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { startProxy } from '../../sandbox/cluster/proxy.ts';
import { nameHash } from '../../src/cli/setting/secret.ts';
import { textAt } from '../../src/model/read.ts';
import { bed } from './fixture.ts';

const main = join(import.meta.dirname, '../../src/cli/cli.ts');
const url = 'https://git.example/acme/infra.git';
const files = { 'web/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' };

test('Secrets have the names that Argo CD gives them', () => {
  // FNV-1a of 32 bits: the test vectors of its authors
  assert.deepEqual(['', 'a', 'foobar'].map(nameHash), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

test('a repository is kept with its password, listed without it, changed by leave alone, and forgotten', async (t) => {
  const { stage, cox, env } = await bed(t, files);
  const add = (input: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [main, 'repo', 'add', ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: '/', ...env },
      input,
      encoding: 'utf8',
    });
  const login = ['--username', 'ci', '--password-stdin'];
  const inAddress = await cox('repo', 'add', 'https://ci:hunter2@git.example/acme/infra.git');
  assert.equal(inAddress.code, 2);
  assert.match(inAddress.err, /the address holds a password: name it without/);
  assert.doesNotMatch(inAddress.err, /hunter2/);
  assert.match((await cox('repo', 'add', url, '--username', 'ci')).err, /--username needs --password-stdin/);
  assert.equal(add('hunter2\n', url, ...login, '--dry-run').stdout, `${url}: added (tried, and not kept)\n`);
  assert.match((await cox('repo', 'list')).err, /^No repository has a Secret/);
  assert.equal(add('hunter2\n', url, ...login).stdout, `${url}: added\n`);
  const name = `repo-${nameHash(url)}`;
  const secret = await stage.cluster.api.get({ group: '', kind: 'Secret', namespace: stage.namespace, name });
  assert.equal(Buffer.from(textAt(secret, 'data', 'password'), 'base64').toString(), 'hunter2');
  assert.equal(secret?.metadata.labels?.['argocd.argoproj.io/secret-type'], 'repository');
  for (const format of ['wide', 'json', 'yaml', 'name']) {
    const listed = await cox('repo', 'list', '-o', format);
    assert.ok(listed.out.includes(url), listed.out);
    assert.doesNotMatch(listed.out, /hunter2|aHVudGVy/);
  }
  const again = add('other\n', url, ...login);
  assert.deepEqual([again.status, again.stdout], [3, '']);
  assert.match(again.stderr, /there is a Secret for .* \(E_CONFIG\)[^]*--upsert/);
  // without user and password: what was there before goes
  assert.equal((await cox('repo', 'add', url.slice(0, -4), '--upsert')).out, `${url.slice(0, -4)}: changed\n`);
  assert.match((await cox('repo', 'list')).out, / none /);
  const unsaid = await cox('repo', 'rm', url);
  assert.equal(unsaid.code, 2);
  assert.match(unsaid.err, /this would remove the credentials of .*: say so with --yes/);
  assert.match((await cox('repo', 'rm', 'https://git.example/other', '--yes')).err, /no Secret is of the repository/);
  assert.equal((await cox('repo', 'rm', url, '--yes')).out, `${url}: removed\n`);
  assert.match((await cox('repo', 'list')).err, /^No repository has a Secret/);
});

test('a cluster of the kubeconfig is added with a token of its own, works, and is forgotten', async (t) => {
  const { stage, plane, cox } = await bed(t, files);
  const proxy = await startProxy({ target: plane.server, ca: plane.ca });
  t.after(() => proxy.stop());
  const kubeconfig = join(plane.dir, `${stage.namespace}-two`);
  const context = (name: string): object => ({ name, context: { cluster: name, user: 'admin' } });
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'here',
      contexts: [context('here'), context('edge')],
      clusters: [
        {
          name: 'here',
          cluster: { server: plane.server, 'certificate-authority-data': Buffer.from(plane.ca).toString('base64') },
        },
        { name: 'edge', cluster: { server: proxy.url } },
      ],
      users: [{ name: 'admin', user: { token: plane.tokens.admin } }],
    }),
  );
  const at = (...args: string[]): ReturnType<typeof cox> => cox('cluster', ...args, '--kubeconfig', kubeconfig);
  const flags = ['--system-namespace', stage.namespace];
  const unsaid = await at('add', 'edge', ...flags);
  assert.equal(unsaid.code, 2);
  assert.match(unsaid.err, /this would let Coxswain do everything in http:.* by the ServiceAccount coxswain-manager/);
  const added = await at('add', 'edge', ...flags, '--yes');
  assert.deepEqual([added.code, added.out], [0, 'edge: added\n'], added.err);
  const listed = await at('list', '-o', 'json');
  assert.deepEqual(
    (JSON.parse(listed.out) as { name: string; server: string }[]).map(({ name, server }) => [name, server]),
    [
      ['edge', proxy.url],
      ['in-cluster', 'https://kubernetes.default.svc'],
    ],
  );
  assert.doesNotMatch(listed.out, /bearer|token/i);
  await stage.apply('web', {
    source: { repoURL: url, path: 'web' },
    destination: { name: 'edge', namespace: stage.namespace },
  });
  const secrets = await stage.cluster.api.list(
    { group: '', kind: 'Secret' },
    { namespace: stage.namespace, labelSelector: 'argocd.argoproj.io/secret-type=cluster' },
  );
  const config = JSON.parse(Buffer.from(textAt(secrets[0], 'data', 'config'), 'base64').toString()) as {
    bearerToken: string;
  };
  const answer = await fetch(`${proxy.url}/api/v1/namespaces/kube-system`, {
    headers: { authorization: `Bearer ${config.bearerToken}` },
  });
  assert.equal(answer.status, 200, 'the token may do what it is for');
  assert.match((await at('rm', 'edge')).err, /forget the cluster edge, where web would find no cluster any more/);
  assert.match((await at('rm', 'in-cluster', '--yes')).err, /no Secret is of the cluster in-cluster/);
  const gone = await at('rm', 'edge', '--yes');
  assert.equal(gone.out, 'edge: removed\n', gone.err);
  assert.match(gone.err, /the ServiceAccount coxswain-manager stay in/);
  for (const [kind, name] of [
    ['ClusterRoleBinding', 'coxswain-manager-role-binding'],
    ['ClusterRole', 'coxswain-manager-role'],
  ] as const)
    await stage.cluster.api.delete({ group: 'rbac.authorization.k8s.io', kind, namespace: '', name });
});
