// What a package ships: `npm pack` runs this before and after. Node strips no types under node_modules, so the source
// goes as JavaScript.
//   node tools/enter.mjs tools/emit.ts [--remove]
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const emitted = join(root, 'dist');

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

function emit(): void {
  cpSync(join(root, 'src'), emitted, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  for (const entry of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts')) continue;
    const text = readFileSync(join(root, 'src', entry), 'utf8');
    const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: entry });
    writeFileSync(join(emitted, entry.replace(/ts$/, 'js')), outputText);
  }
}

rmSync(emitted, { recursive: true, force: true });
if (!process.argv.includes('--remove')) emit();
