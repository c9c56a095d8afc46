#!/bin/sh
# What simple-git 4 makes of a git that is killed, that prints nothing, or whose child writes on, and what its guards
# read in a variable. Exit 0: as described here; 1: something behaves otherwise.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund --save-exact simple-git@4.0.2
npm ls simple-git | tail -n +2
node --version

stub() { printf '#!/bin/sh\n%s\n' "$2" > "$1"; chmod +x "$1"; }
stub killed 'echo half; kill -9 $$'
stub silent 'exit 0'
stub talking 'echo word'
stub leaving '(sleep 1; echo late) & echo early'
stub author 'echo "$GIT_AUTHOR_NAME"'

cat > look.mjs <<'J'
import { simpleGit } from 'simple-git';
const at = (name, options = {}) => simpleGit({ binary: `${process.cwd()}/${name}`, ...options });
const told = (promise) => promise.then((text) => JSON.stringify(text), (error) => `refused: ${error.message.trim()}`);
const timed = async (name) => {
  const times = [];
  for (let run = 0; run < 9; run++) {
    const start = performance.now();
    await at(name).raw(['x']);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[4];
};
let same = true;
const expect = (what, is, as) => {
  console.log(`${what}: ${is}`);
  same &&= is === as;
};

expect('killed by a signal', await told(at('killed').raw(['x'])), '"half\\n"');
expect('a child writes after the end', await told(at('leaving').raw(['x'])), '"early\\n"');
expect('the same, onExit: false', await told(at('leaving', { completion: { onExit: false } }).raw(['x'])), '"early\\nlate\\n"');
expect('nothing printed costs 50 ms', (await timed('silent')) - (await timed('talking')) > 40, true);

const one = at('author', { allowEnvironment: ['GIT_AUTHOR_NAME'] });
const names = ['a', 'b'].map((name) => told(one.env({ PATH: process.env.PATH, GIT_AUTHOR_NAME: name }).raw(['x'])));
expect('two environments in flight', (await Promise.all(names)).join(' '), '"b\\n" "b\\n"');

for (const host of ['pager.example', 'alias.example', 'other.example']) {
  const git = at('talking', {
    allowEnvironment: ['GIT_CONFIG_COUNT', 'GIT_CONFIG_KEY_0', 'GIT_CONFIG_VALUE_0'],
    unsafe: { allowUnsafeConfigEnvCount: true },
  });
  const env = { PATH: process.env.PATH, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: `http.https://${host}/.extraHeader` };
  const answer = await told(git.env({ ...env, GIT_CONFIG_VALUE_0: 'X: y' }).raw(['x']));
  expect(`a header for ${host}`, answer.startsWith('refused'), host !== 'other.example');
}
process.exit(same ? 0 : 1);
J
node look.mjs
