// Trims GitHub's published GraphQL schema to what the sandbox plays and writes schema.graphql.
//
// Run by hand when the list below or the version changes:
//   cd "$(mktemp -d)" && npm pack @octokit/graphql-schema@15.26.1 && tar xzf octokit-graphql-schema-15.26.1.tgz
//   node_modules/.bin/node sandbox/github/schema/trim-graphql.ts <that directory>/package
import { readFileSync, writeFileSync } from 'node:fs';
import { type DefinitionNode, type FieldDefinitionNode, Kind, parse, print, type TypeNode, visit } from 'graphql';

/** By type: its fields that are played. */
const covered: Record<string, readonly string[]> = {
  Query: ['repository', 'organization'],
  Organization: ['login', 'teams'],
  TeamConnection: ['nodes', 'pageInfo'],
  Team: ['slug', 'ancestors'],
  Repository: ['nameWithOwner', 'object', 'pullRequest'],
  GitObject: ['oid'],
  Commit: ['oid', 'authors', 'committer', 'authoredDate', 'messageHeadline', 'parents', 'associatedPullRequests'],
  CommitConnection: ['totalCount'],
  GitActor: ['name', 'email', 'user'],
  GitActorConnection: ['nodes', 'totalCount'],
  Actor: ['login'],
  User: ['login', 'databaseId'],
  Bot: ['login', 'databaseId'],
  PullRequest: ['number', 'merged', 'author', 'mergedBy', 'headRefName', 'headRepository', 'baseRepository', 'commits'],
  PullRequestConnection: ['nodes'],
  PullRequestCommitConnection: ['nodes', 'pageInfo'],
  PullRequestCommit: ['commit'],
  PageInfo: ['endCursor', 'hasNextPage'],
};
const scalars = ['DateTime', 'GitObjectID'];
const builtIn = ['Boolean', 'Int', 'String'];

function named(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : named(type.type);
}

function fieldsOf(name: string, fields: readonly FieldDefinitionNode[] = []): FieldDefinitionNode[] {
  const kept = fields.filter((field) => covered[name]?.includes(field.name.value));
  const missing = covered[name]?.filter((wanted) => !kept.some((field) => field.name.value === wanted)) ?? [];
  if (missing.length > 0) throw new Error(`the published schema has no ${name}.${missing.join()}`);
  return kept.map((field) => ({
    ...field,
    arguments: field.arguments?.filter((each) => [...builtIn, ...scalars].includes(named(each.type))) ?? [],
  }));
}

function trimmed(definition: DefinitionNode): DefinitionNode[] {
  if (definition.kind === Kind.SCALAR_TYPE_DEFINITION)
    return scalars.includes(definition.name.value) ? [definition] : [];
  if (definition.kind === Kind.INTERFACE_TYPE_DEFINITION && covered[definition.name.value])
    return [{ ...definition, fields: fieldsOf(definition.name.value, definition.fields) }];
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION || !covered[definition.name.value]) return [];
  const interfaces = definition.interfaces?.filter((each) => covered[each.name.value]) ?? [];
  return [{ ...definition, interfaces, fields: fieldsOf(definition.name.value, definition.fields) }];
}

function main(packageDir: string): void {
  const published = parse(readFileSync(`${packageDir}/schema.graphql`, 'utf8'), { noLocation: true });
  const bare = visit(
    { ...published, definitions: published.definitions.flatMap(trimmed) },
    {
      enter: (node) =>
        'description' in node || 'directives' in node ? { ...node, description: undefined, directives: [] } : undefined,
    },
  );
  writeFileSync(
    new URL('schema.graphql', import.meta.url),
    `# Cut from @octokit/graphql-schema by trim-graphql.ts.\n${print(bare)}\n`,
  );
}

main(process.argv[2] ?? 'package');
