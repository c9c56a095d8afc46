// A lint rule: an exported function or class has a docstring. Of types and constants the name may say enough.

const functions = ['FunctionExpression', 'ArrowFunctionExpression'];

function isDocumented(declaration) {
  if (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') return true;
  return (
    declaration.type === 'VariableDeclaration' &&
    declaration.declarations.some(({ init }) => init && functions.includes(init.type))
  );
}

export const docstringsRule = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      none: 'Say in a docstring what its name does not: shapes, units, errors, source.',
    },
  },
  create(context) {
    return {
      'ExportNamedDeclaration[declaration]'(node) {
        if (!isDocumented(node.declaration)) return;
        const above = context.sourceCode.getCommentsBefore(node).at(-1);
        if (above?.type === 'Block' && above.value.startsWith('*')) return;
        context.report({ loc: { start: node.loc.start, end: node.loc.start }, messageId: 'none' });
      },
    };
  },
};
