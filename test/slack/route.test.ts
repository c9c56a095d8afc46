// Where cards go: the nearest word wins, and Argo CD's subscriptions are honoured.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelsFor } from '../../src/slack/route.ts';

const argo = (trigger: string): string => `notifications.argoproj.io/subscribe.${trigger}.slack`;
const own = { annotations: { 'coxswain.dev/slack': '#team' } };
const subscribed = { annotations: { [argo('on-sync-failed')]: 'red; ops;', [argo('on-deployed')]: '#green' } };
const other = {
  annotations: { 'notifications.argoproj.io/subscribe.on-deployed.teams': 'x', [argo('on-created')]: 'y' },
};

const rows: [what: string, got: string[], wanted: string[]][] = [
  ['nothing is said', channelsFor('drift', [{}, undefined], { fallback: 'all', deploys: false }), ['all']],
  ['and there is no default', channelsFor('drift', [{}, {}], { fallback: '', deploys: true }), []],
  ['the application', channelsFor('approval', [own, subscribed], { fallback: 'all', deploys: false }), ['team']],
  ['its project', channelsFor('approval', [{}, own], { fallback: 'all', deploys: false }), ['team']],
  ['several', channelsFor('failure', [subscribed, own], { fallback: 'all', deploys: false }), ['red', 'ops']],
  ['no trigger of ours', channelsFor('drift', [subscribed, own], { fallback: 'all', deploys: false }), ['team']],
  ['deploys where asked', channelsFor('deploy', [subscribed], { fallback: 'all', deploys: false }), ['green']],
  ['deploys nowhere else', channelsFor('deploy', [own, {}], { fallback: 'all', deploys: false }), []],
  ['every deploy', channelsFor('deploy', [own, subscribed], { fallback: 'all', deploys: true }), ['team']],
  ['of every project', channelsFor('deploy', [{}, subscribed], { fallback: 'all', deploys: true }), ['green']],
  ['of other services', channelsFor('deploy', [other], { fallback: 'all', deploys: false }), []],
];

for (const [what, got, wanted] of rows)
  test(`a card goes where it is meant to: ${what}`, () => assert.deepEqual(got, wanted));
