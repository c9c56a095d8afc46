// Which exported names no file of the tree imports.
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

interface Names {
  exported: string[];
  /** `<file>#<name>`; `<file>#*` is every name of it. */
  imported: string[];
}

/** What a dynamic import takes: the names of a pattern or a member, else everything. */
function taken(call: ts.CallExpression): string[] {
  let parent: ts.Node = call.parent;
  while (ts.isAwaitExpression(parent) || ts.isParenthesizedExpression(parent)) parent = parent.parent;
  if (ts.isPropertyAccessExpression(parent)) return [parent.name.text];
  if (!ts.isVariableDeclaration(parent) || !ts.isObjectBindingPattern(parent.name)) return ['*'];
  return parent.name.elements.map((element) => (element.propertyName ?? element.name).getText());
}

function isExported(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

function namesOf(file: string, text: string): Names {
  const names: Names = { exported: [], imported: [] };
  const take = (from: ts.Node, all: string[]): void => {
    if (ts.isStringLiteralLike(from))
      names.imported.push(...all.map((name) => `${resolve(dirname(file), from.text)}#${name}`));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const bindings = node.importClause?.namedBindings;
      const listed = bindings && ts.isNamedImports(bindings) ? bindings.elements : undefined;
      take(node.moduleSpecifier, listed?.map((each) => (each.propertyName ?? each.name).text) ?? ['*']);
    } else if (ts.isExportDeclaration(node)) {
      const listed = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : [];
      names.exported.push(...listed.map(({ name }) => name.text));
      if (node.moduleSpecifier)
        take(
          node.moduleSpecifier,
          listed.map((each) => (each.propertyName ?? each.name).text),
        );
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      take(node.argument.literal, [node.qualifier?.getText().split('.')[0] ?? '*']);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
      take(node.arguments[0], taken(node));
    } else if (isExported(node)) {
      const declared = ts.isVariableStatement(node)
        ? node.declarationList.declarations
        : [node as ts.DeclarationStatement];
      names.exported.push(...declared.flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : [])));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return names;
}

/** `files`: text by absolute path. Answers `<path>: <name>`. */
export function unusedExports(files: ReadonlyMap<string, string>): string[] {
  const all = [...files].map(([file, text]) => ({ file, ...namesOf(file, text) }));
  const used = new Set(all.flatMap(({ imported }) => imported));
  return all.flatMap(({ file, exported }) =>
    exported.filter((name) => !used.has(`${file}#${name}`) && !used.has(`${file}#*`)).map((name) => `${file}: ${name}`),
  );
}
