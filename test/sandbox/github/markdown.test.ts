// Comment bodies as the page shows them: GitHub's Markdown, and nothing that could run or leave its box.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createMarkdown } from '../../../sandbox/github/page/markdown.ts';

const show = (source: string): string => createMarkdown()(source).text.trim();

const rows: { name: string; source: string; has?: RegExp[]; not?: RegExp[] }[] = [
  {
    name: 'scripts vanish with their contents',
    source: 'a\n\n<script>alert(1)</script>\n\nb',
    has: [/<p>a<\/p>/, /<p>b<\/p>/],
    not: [/script/, /alert/],
  },
  { name: 'inline scripts are text', source: 'a <script>alert(1)</script>', not: [/<script/] },
  {
    name: 'handlers, styles and classes are dropped',
    source: '<div onclick="x()" style="a" class="b" align="center">t</div>',
    has: [/<div align="center">t<\/div>/],
    not: [/onclick|style|class/],
  },
  {
    name: 'unquoted and half tags do not pass',
    source: '<img src=x onerror=alert(1)> <svg/onload=alert(1)>',
    has: [/<img src="x">/],
    not: [/onerror|<svg/],
  },
  {
    name: 'a javascript link is text',
    source: '[x](javascript:alert(1)) <a href="java&#10;script:alert(1)">y</a>',
    not: [/javascript:alert\(1\)"/],
  },
  {
    name: 'a body cannot close the box it stands in',
    source: '</div></div></main>text<details>',
    has: [/text/, /<\/details>$/],
    not: [/<\/div>/, /<\/main>/],
  },
  {
    name: 'hidden comments are hidden',
    source: '<!-- coxswain -->\n# Title',
    has: [/<h1>Title<\/h1>/],
    not: [/coxswain/],
  },
  {
    name: 'details with Markdown inside',
    source: '<details><summary>3 <b>objects</b></summary>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n</details>',
    has: [/<details><summary>3 <b>objects<\/b><\/summary>/, /<td>1<\/td>/, /<\/details>$/],
  },
  {
    name: 'differences are coloured and escaped',
    source: '```diff\n@@ -1 +1 @@\n-a: <b>\n+a: 1\n c\n```',
    has: [/<span class="line del">-a: &lt;b&gt;\n<\/span>/, /<span class="line add">\+a: 1/, /class="line hunk"/],
  },
  {
    name: 'alerts',
    source: '> [!CAUTION]\n> Two objects are *deleted*.',
    has: [/<div class="alert caution"><p class="alert-title">Caution<\/p><p>Two objects are <em>deleted<\/em>/],
  },
  { name: 'a quote stays a quote', source: '> said\n> [!CAUTION]', has: [/<blockquote>/], not: [/alert/] },
  {
    name: 'code is escaped',
    source: '`<b>` and\n```yaml\nx: "<i>"\n```',
    has: [/<code>&lt;b&gt;<\/code>/, /x: &quot;&lt;i&gt;&quot;/],
  },
];

for (const { name, source, has = [], not = [] } of rows) {
  test(`Markdown: ${name}`, () => {
    const shown = show(source);
    for (const each of has) assert.match(shown, each);
    for (const each of not) assert.doesNotMatch(shown, each);
  });
}
