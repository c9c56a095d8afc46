// A lint rule: how many ways lead through a function, without counting `?.`, `??` and default values.
// ESLint's own `complexity` counts those too, which punishes saying what an absent value means.

const functions = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
const branches = [
  'IfStatement',
  'ConditionalExpression',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'SwitchCase[test]',
  'CatchClause',
  'LogicalExpression[operator=/^(&&|\\|\\|)$/]',
];

export const branchesRule = {
  meta: {
    type: 'suggestion',
    schema: [{ type: 'integer' }],
    messages: {
      many: '{{count}} ways lead through this function, more than {{max}}: give parts of it names of their own.',
    },
  },
  create(context) {
    const max = context.options[0] ?? 20;
    const counts = [];
    const enter = () => counts.push(1);
    const leave = (node) => {
      const count = counts.pop();
      if (count > max)
        context.report({
          loc: { start: node.loc.start, end: node.loc.start },
          messageId: 'many',
          data: { count, max },
        });
    };
    const count = () => {
      if (counts.length > 0) counts[counts.length - 1] += 1;
    };
    return {
      ...Object.fromEntries(
        functions.flatMap((type) => [
          [type, enter],
          [`${type}:exit`, leave],
        ]),
      ),
      ...Object.fromEntries(branches.map((selector) => [selector, count])),
    };
  },
};
