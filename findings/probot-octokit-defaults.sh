#!/bin/bash
# Three things that Probot's Octokit does by itself, on valid input. Exits non-zero when one of them changes.
# Needs Node 22 or newer and npm; asks nothing of GitHub.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund probot@14.3.2 >/dev/null
cat > show.mjs <<'JS'
import { generateKeyPairSync } from 'node:crypto';
import { Probot, ProbotOctokit } from 'probot';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const json = (status, body) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
const baseUrl = 'https://github.example/api/v3';
const asked = [];
const signals = [];
let answer = () => json(201, { token: 't', expires_at: new Date(Date.now() + 3600e3).toISOString(), permissions: {} });
const fetch = async (url, { signal }) => {
  asked.push(String(url));
  signals.push(signal);
  return answer();
};
const Octokit = ProbotOctokit.defaults({ retry: { enabled: false }, throttle: { enabled: false } });
const probot = new Probot({ appId: 1, privateKey, secret: 's', baseUrl, Octokit, request: { fetch }, logLevel: 'fatal' });
await probot.ready();
console.log('probot', Probot.version);

const octokit = await probot.auth();
await octokit.auth({ type: 'installation', installationId: 7 });
console.log('1. octokit.auth({type: "installation"}) with baseUrl', baseUrl, 'asks', asked.at(-1));

answer = () => json(409, { message: 'busy' });
const list = await octokit.paginate('GET /app/installations', { per_page: 100 });
console.log('2. a list that is answered with 409 is', JSON.stringify(list));

answer = () => json(200, []);
const { signal } = new AbortController();
await octokit.request('GET /app/installations', { request: { signal } });
const direct = signals.at(-1) === signal;
await octokit.paginate('GET /app/installations', { request: { signal } });
const paged = signals.at(-1) === signal;
console.log('3. the signal reaches fetch: by request', direct, 'by paginate', paged);

const same = asked[0].startsWith('https://api.github.com/') && list.length === 0 && direct && !paged;
process.exit(same ? 0 : 1);
JS
node show.mjs
