// Which projects globalProjects of argocd-cm names, by the labels of those that take them over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGlobalProjects } from '../../src/store/global-projects.ts';

const requirement = (key: string, operator: string, ...values: string[]) => ({ key, operator, values });

for (const [text, projects] of [
  ['', []],
  ['# nothing yet', []],
  ['- {projectName: all}', [{ projectName: 'all', requirements: [] }]],
  [
    '- {projectName: p, labelSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}}',
    [{ projectName: 'p', requirements: [requirement('a', 'In', 'b'), requirement('c', 'Exists')] }],
  ],
] as const)
  test(`globalProjects ${JSON.stringify(text)} can be read`, () => {
    assert.deepEqual(readGlobalProjects(text), { projects });
  });

for (const text of [
  '{',
  'projectName: all',
  '- labelSelector: {}',
  '- {projectName: p, labelSelector: {matchLabels: {a: [b]}}}',
  '- {projectName: p, labelSelector: {matchExpressions: [{key: c, operator: Is, values: [d]}]}}',
  '- {projectName: p, labelSelector: {matchExpressions: [{key: c, operator: In}]}}',
  '- {projectName: p, labelSelector: {matchExpressions: [{key: c, operator: Exists, values: [d]}]}}',
])
  test(`globalProjects ${JSON.stringify(text)} is told as a fault`, () => {
    assert.match(readGlobalProjects(text).fault ?? '', /^globalProjects of argocd-cm must be a list in YAML/);
  });
