// Addresses in kustomizations are taken apart as Kustomize's own command does: what it gives git is written down by a
// git of the test's own.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { binaries } from '../../tools/binaries.ts';
import { isWebFile, repoSpecOf } from '../../src/render/kustomize/repo-spec.ts';
import { temporary } from '../git/origin.ts';

const addresses = [
  'https://github.com/acme/base',
  'https://github.com/acme/base/deep/er?ref=v1.2.3',
  'https://github.com/acme/base//deep?ref=main',
  'https://github.com/acme/base.git/deep?version=v2',
  'https://github.com/acme/base.git?ref=a&version=b',
  'HTTPS://GitHub.com/acme/base//x',
  'github.com/acme/base//deep',
  'github.com/acme/base/deep?ref=feature%2Fone',
  'github.com:acme/base.git//deep',
  'git@github.com:acme/base.git//deep?ref=v1',
  'git@github.com/acme/base?ref=v1',
  'ssh://git@github.com/acme/base.git',
  'ssh://git@example.com:2222/acme/base.git//deep',
  'ssh://example.com/acme/base',
  'git@example.com:acme/base.git?ref=main',
  'git@example.com:a/b/c.git//d',
  'org-12@example.com:acme/base.git',
  'git::https://example.com/acme/base.git//deep',
  'git::git@github.com:acme/base',
  'https://gitlab.example/group/sub/project.git//deploy?ref=v1',
  'https://gitlab.example/group/sub/project//deploy?ref=v1&timeout=90s',
  'https://user@dev.azure.com/org/project/_git/repo/deep?version=GBmain',
  'https://dev.azure.com/org/project/_git/repo',
  'https://example.com:8443/acme/base//deep/../other',
  'https://example.com/acme/base?submodules=false',
  'https://example.com/acme/base//?ref=x',
  'file:///srv/git/base.git//deep?ref=x',
  'file:///srv/git/base',
  'https://example.com/only',
  'https://example.com',
  'https://github.com/acme/base//../out',
  'user@place/acme/base',
  '../base',
  './git@example.com:acme/base',
  'base',
  'base?ref=x',
  'a:b',
  'git@example.com',
  '/srv/base',
];

test('repository, revision and folder are those that Kustomize clones', async (t) => {
  const { kustomize } = await binaries(['kustomize']);
  const dir = temporary(t);
  const said = join(dir, 'said');
  // Fetching fails after it was written down, as nothing is there; what is checked out then is the folder's own.
  writeFileSync(join(dir, 'git'), `#!/bin/sh\necho "$@" >> ${said}\n[ "$1" != fetch ]\n`);
  chmodSync(join(dir, 'git'), 0o755);
  for (const address of addresses) {
    writeFileSync(said, '');
    writeFileSync(join(dir, 'kustomization.yaml'), JSON.stringify({ components: [address] }));
    spawnSync(kustomize, ['build', dir], { env: { PATH: `${dir}:/usr/bin:/bin`, HOME: dir, TMPDIR: dir } });
    const [, url, ref] = /^fetch --depth=1 (\S+) (\S+)$/m.exec(readFileSync(said, 'utf8')) ?? [];
    const found = repoSpecOf(address);
    assert.deepEqual([address, found?.url, found && (found.ref || 'HEAD')], [address, url, ref]);
  }
});

test('the folder within the repository is what stands behind it, whatever marks the end', () => {
  for (const [address, path] of [
    ['https://github.com/acme/base', ''],
    ['https://github.com/acme/base/deep/er?ref=v1', 'deep/er'],
    ['https://github.com/acme/base//deep/', 'deep'],
    ['https://github.com/acme/base.git/deep', 'deep'],
    ['https://example.com/acme/base//deep/../other', 'other'],
    ['https://dev.azure.com/org/project/_git/repo/deep', 'deep'],
    ['git@example.com:a/b/c.git//d', 'd'],
  ] as const)
    assert.equal(repoSpecOf(address)?.path, path, address);
});

test('a file of the web is told from a repository by its address', () => {
  for (const [address, isFile] of [
    ['https://raw.githubusercontent.com/acme/base/v1/install', true],
    ['https://github.com/acme/base/releases/download/v1/install.yaml', true],
    ['https://gitlab.example/api/v4/projects/1/repository/files/x.yaml/raw?ref=main', true],
    ['https://example.com/install.json', true],
    ['https://example.com/one', true],
    ['https://github.com/acme/base//deep?ref=v1', false],
    ['https://github.com/acme/base', false],
    ['https://example.com/acme/base.git/x.yaml', false],
    ['git@github.com:acme/base.git', false],
    ['https://', false],
  ] as const)
    assert.equal(isWebFile(address), isFile, address);
});
