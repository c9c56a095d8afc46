#!/bin/sh
# How @kubernetes/client-node 2.0.1 reads kubeconfigs where kubectl (clientcmd) does otherwise. Exit 0: as described
# here; 1: something behaves otherwise.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module","allowScripts":{"node":true}}' > package.json
npm install --silent --no-audit --no-fund --save-exact @kubernetes/client-node@2.0.1 node@26.10.0 2> /dev/null
npm ls --depth=0 | tail -n +2

printf 'of the file' > ca.pem
cat > one <<'Y'
current-context: plain
contexts:
- {name: plain, context: {cluster: a, user: plain}}
- {name: gone, context: {cluster: a, user: gone}}
- {name: exec, context: {cluster: a, user: exec}}
- {name: other, context: {cluster: a, user: other}}
clusters:
- name: a
  cluster: {server: 'https://a', certificate-authority: ca.pem, certificate-authority-data: b2YgdGhlIGRhdGE=}
users:
- {name: plain, user: {as: ann, as-groups: [g]}}
- {name: other, user: {auth-provider: {name: openstack}}}
- name: exec
  user: {exec: {command: sh, args: [-c, 'echo "{\"status\":{\"token\":\"told $KUBERNETES_EXEC_INFO\"}}"']}}
Y
echo 'current-context: gone' > two

cat > look.mjs <<'J'
import { KubeConfig } from '@kubernetes/client-node';
const options = async (context) => {
  const config = new KubeConfig();
  config.loadFromFile('one');
  config.setCurrentContext(context);
  const found = { headers: {} };
  await config.applyToHTTPSOptions(found);
  return found;
};
const merged = (files) => {
  process.env.KUBECONFIG = files;
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
    return config.getCurrentContext();
  } catch (error) {
    return error.message;
  }
};
let same = true;
const expect = (what, is, as) => {
  console.log(`${what}: ${is}`);
  same &&= is === as;
};
const plain = await options('plain');
expect('a file and data (kubectl: data)', String(plain.ca), 'of the file');
expect('as with as-groups', Object.keys(plain.headers).join(), 'Impersonate-User');
expect('a user that is not there (kubectl: an error)', (await options('gone')).headers.Authorization, undefined);
expect('a provider that nobody knows (kubectl: an error)', (await options('other')).headers.Authorization, undefined);
expect('what a plug-in is told', (await options('exec')).headers.Authorization, 'Bearer told ');
expect('two current contexts (kubectl: the first)', merged('one:two'), 'gone');
expect('one name in two files (kubectl: the first)', merged('one:one'), 'Duplicate cluster: a');
process.exit(same ? 0 : 1);
J
node_modules/.bin/node look.mjs
