// A lint rule: imports of types stand before imports of values; `--fix` puts them so and leaves all else as it is.

const isType = ({ importKind }) => importKind === 'type';

export const importsRule = {
  meta: {
    type: 'layout',
    fixable: 'code',
    schema: [],
    messages: { order: 'Imports of types stand before imports of values.' },
  },
  create(context) {
    const { sourceCode } = context;
    return {
      Program({ body }) {
        const imports = body.filter(({ type }) => type === 'ImportDeclaration');
        const misplaced = imports.find((each, at) => isType(each) && imports.slice(0, at).some((one) => !isType(one)));
        if (!misplaced) return;
        // Each goes with the comments above it, but for the first one: above that one stands the file's own line.
        const textOf = (node, at) => {
          const [above] = at === 0 ? [] : sourceCode.getCommentsBefore(node);
          return sourceCode.text.slice((above ?? node).range[0], node.range[1]);
        };
        const parts = imports.map((node, at) => ({ node, text: textOf(node, at) }));
        const sorted = [...parts.filter(({ node }) => isType(node)), ...parts.filter(({ node }) => !isType(node))];
        context.report({
          node: misplaced,
          messageId: 'order',
          fix: (fixer) =>
            fixer.replaceTextRange(
              [imports[0].range[0], imports.at(-1).range[1]],
              sorted.map(({ text }) => text).join('\n'),
            ),
        });
      },
    };
  },
};
