// What lint holds: types are used, promises awaited, functions short. Formatting and taste are not its business.
import regexp from 'eslint-plugin-regexp';
import ts from 'typescript-eslint';
import { branchesRule } from './tools/lint-branches.mjs';
import { docstringsRule } from './tools/lint-docstrings.mjs';
import { importsRule } from './tools/lint-imports.mjs';

/** Limits of size, where people read to understand; a test may be as long as its story. */
const size = {
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true, IIFEs: true }],
  'max-depth': ['error', 3],
  'max-params': ['error', 4],
  'own/branches': ['error', 20],
};

/** A text changes and is translated; what decides is a code, a status, a reason or a `rule` beside it. */
const byText = [
  ...['property.name', 'name'].map(
    (named) =>
      'CallExpression[callee.property.name=/^(startsWith|endsWith|includes|match|search|replace|indexOf)$/]' +
      `[callee.object.${named}=/^(message|why|hint|note|fault)$/]`,
  ),
  'CallExpression[callee.property.name=/^(test|exec)$/] > MemberExpression.arguments[property.name="message"]',
].map((selector) => ({ selector, message: 'Match no text where a code could be.' }));

export default ts.config(
  { ignores: ['node_modules/', 'dist/', '**/*.mjs', '**/*.js', 'tmp/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: ts.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: {
      ts: ts.plugin,
      regexp,
      own: { rules: { branches: branchesRule, docstrings: docstringsRule, imports: importsRule } },
    },
    rules: {
      'ts/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'],
              package: 'node:test',
            },
          ],
        },
      ],
      'ts/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      'ts/await-thenable': 'error',
      'ts/return-await': ['error', 'error-handling-correctness-only'],
      'ts/no-explicit-any': 'error',
      'ts/no-unsafe-assignment': 'error',
      'ts/no-unsafe-member-access': 'error',
      'ts/no-unsafe-call': 'error',
      'ts/no-unsafe-return': 'error',
      'ts/no-unsafe-argument': 'error',
      'ts/no-unnecessary-type-assertion': 'error',
      'ts/no-non-null-assertion': 'error',
      'ts/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      'ts/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'ts/only-throw-error': ['error', { allowRethrowing: true }],
      'ts/explicit-module-boundary-types': 'error',
      'func-style': ['error', 'declaration', { allowArrowFunctions: true }],
      'no-empty': 'error',
      'no-var': 'error',
      'own/imports': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'prefer-const': 'error',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
    },
  },
  { files: ['src/**/*.ts', 'sandbox/**/*.ts'], rules: size },
  {
    files: ['src/**/*.ts'],
    rules: {
      'own/docstrings': 'error',
      'no-restricted-syntax': ['error', ...byText],
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
          name,
          message: 'Timers come from base/clock.ts, so that tests can step them.',
        })),
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'node:timers/promises', message: 'Timers come from base/clock.ts, so that tests can step them.' },
          ],
          patterns: [{ regex: '/sandbox/', message: 'src/ never imports sandbox/.' }],
        },
      ],
    },
  },
  {
    // Text from Git, people and settings meets these patterns: their time must be linear in it.
    files: ['src/**/*.ts'],
    rules: { 'regexp/no-super-linear-backtracking': 'error', 'regexp/no-super-linear-move': 'error' },
  },
  { files: ['src/base/clock.ts', 'src/base/process.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    // Tests look at answers of real servers; a wrong guess of a shape fails the test.
    files: ['test/**/*.ts'],
    rules: Object.fromEntries(
      ['assignment', 'member-access', 'call', 'return', 'argument'].map((what) => [`ts/no-unsafe-${what}`, 'off']),
    ),
  },
);
