// The reference pages under docs/reference, written from the source that they describe.
import { rights } from '../src/chatops/carry-out.ts';
import { verbs } from '../src/chatops/command.ts';
import { commandNames } from '../src/cli/commands.ts';
import { help, helpOf } from '../src/cli/help.ts';
import { variables } from '../src/operator/config.ts';
import { errorCodes } from '../src/base/errors.ts';

/** Keys of ConfigMaps in the control-plane namespace that `src/store/settings.ts` reads. */
export const settingKeys = {
  'coxswain-cm': {
    'slack.identities':
      'One line for each person: `<Slack user id>: <GitHub login>`. Slack people act as their GitHub login. ' +
      'Default: nobody',
    'cli.identities':
      'One line for each person: `<user of the cluster>: <GitHub login>`, ' +
      "the user as `kubectl auth whoami` tells it. What they ask from a terminal counts as that login's, " +
      'where the admission policies are installed. Default: nobody',
    'slack.channel':
      'Channel of the cards that no annotation routes. Default: none, and then such cards are not posted',
    'slack.deploys':
      '`true`: every deploy has a card, from its start until it is healthy. ' +
      'Default: false, and then only what fails has one',
    'approval.expires':
      "How long an approval that is not applied counts: from its opening, or from the last person's agreement. " +
      'Then it must be asked for again. Default: 72h',
    'schedule.resync':
      'When repositories are read, as a cron expression of five fields or a word such as `@daily`, ' +
      'read by node-cron: both fields of days must fit. Webhooks come on top. ' +
      'Default: as `timeout.reconciliation` of argocd-cm says',
    'schedule.sweep':
      'When pull requests are looked at for what webhooks lost; ' +
      'clicks that failed more than an hour before are not heard any more. Default: */10 * * * *',
    'schedule.retention': 'When what ended 30 days before is deleted. Default: 0 */1 * * *',
    'schedule.timeZone': 'Time zone in which the schedules above are read. Default: UTC',
    'preview.egress':
      'What a revision that nobody has merged may fetch beside what the merged one fetches: addresses of chart ' +
      'repositories, charts in them (`<repository>/<chart>`), registries, repositories of Git and files, ' +
      'separated by blanks or commas, with globs. Credentials go only to addresses without a glob. Default: nothing',
    'failure.settle':
      'How long an application must be Degraded, or impossible to compare, before Slack tells of it. Default: 60s',
    'drift.settle': 'How long a live edit must last before a drift episode opens. Default: 60s',
  },
  'argocd-cm': {
    'timeout.reconciliation':
      'How often repositories are read when no webhook comes, shortened to what fits evenly into ' +
      'a minute, an hour or a day; up to half of it is added at random. 0 switches it off; ' +
      '`schedule.resync` counts instead. Default: 120s',
    'kustomize.buildOptions':
      'Flags of `kustomize build` for all applications. Taken are `--load-restrictor` and `--reorder`; others are ' +
      'told as faults and have no effect. Default: none',
    'helm.valuesFileSchemes': 'Schemes by which value files may come from the web. Default: http,https',
    'resource.customizations.health.<group>_<Kind>':
      'A Lua script that tells the health of the objects of a kind, from `obj`, as in Argo CD; `<Kind>` alone is ' +
      'one of the core group, `all` every kind. It has one second. Default: the rules of Coxswain',
    'resource.customizations.useOpenLibs.<group>_<Kind>':
      '`true` gives that script the libraries `string`, `math` and `coroutine`; ' +
      'none that reads files or runs programs. Default: false',
    'resource.customizations.ignoreDifferences.<group>_<Kind>':
      'What of the objects of a kind is no drift, whichever application has them: YAML with `jsonPointers`, ' +
      '`jqPathExpressions`, `managedFieldsManagers`, as in `spec.ignoreDifferences`; ' +
      '`all` is every kind. Default: none',
    'resource.customizations':
      'The same for many kinds, as YAML: `<group>/<Kind>`, globs, with `health.lua`, `health.lua.useOpenLibs`, ' +
      '`ignoreDifferences` (a text) and `knownTypeFields` below; a key of its own goes first. Default: none',
    'resource.customizations.knownTypeFields.<group>_<Kind>':
      'Fields of a kind that a type of Kubernetes writes in its own form, such as `1` for `1000m`: a list in YAML of ' +
      'maps with `field` and `type`, such as `core/v1/PodSpec`. Default: `spec.template.spec` of Rollouts',
    globalProjects:
      'Projects whose lists those take over whose labels fit: a list in YAML of maps with `labelSelector` and ' +
      '`projectName`. Where it cannot be read nothing syncs. Default: none',
    'resource.exclusions':
      'Kinds that are not watched, compared or pruned: a list in YAML of maps with `apiGroups` (globs), `kinds`, ' +
      '`clusters` (globs of URLs). Default: those of the install manifest of Argo CD',
    'resource.inclusions': 'The same, of the only kinds that are; an exclusion goes first. Default: all',
    'application.resourceTrackingMethod':
      'How objects tell whose they are: `annotation`, `label`, or `annotation+label`, where it tells others alone. ' +
      'Default: annotation',
    'application.instanceLabelKey': 'The label. Default: app.kubernetes.io/instance',
    installationID:
      'Annotated on all that is applied, where several installations share a cluster; what another one has is never ' +
      'pruned. Default: nothing',
    'resource.compareoptions':
      '`ignoreAggregatedRoles: true` takes the rules of an aggregated ClusterRole for no drift. A status is never ' +
      'compared. Default: false',
    'cluster.inClusterEnabled': '`false` removes the implicit cluster `https://kubernetes.default.svc`. Default: true',
  },
  'argocd-cmd-params-cm': {
    'controller.ignore.normalizer.jq.timeout':
      'How long one jq expression of `ignoreDifferences` may take at one object, at most 60s. All expressions of an ' +
      'application together may take ten times as long within five minutes. Default: 1s',
  },
  'argocd-tls-certs-cm': {
    '<host>':
      'Certificates in PEM by which the servers of that host are known, in place of those of the system. Default: none',
  },
  'argocd-ssh-known-hosts-cm': {
    ssh_known_hosts: 'Host keys of servers of Git that are reached by SSH, as `ssh-keyscan` prints them. Default: none',
  },
  'argocd-rbac-cm': {
    'policy.csv':
      'Who may do what, in the form of Argo CD. Keys `policy.<name>.csv` are added to it. Default: ' +
      'nobody may do anything',
    'policy.matchMode':
      '`glob` or `regex`: how lines of policies and of roles of projects say resources, actions and objects. ' +
      'Default: glob',
    'policy.default':
      'Role of everybody who is known: linked people in Slack, and on GitHub owners, members and collaborators. ' +
      'Default: none',
  },
} as const;

/** Annotations on an Application, or on an AppProject for all its Applications, that `src/policy` reads. */
export const policyAnnotations = {
  environment:
    'Name of the environment, for GitHub deployments and for people; if GitHub requires reviewers for it, ' +
    'an approver must be one of them. Default: none, for deployments the name of the application',
  approval: '`none` or `required`. Any other word counts as `required`. Default: none',
  approvers:
    'GitHub logins and `@org/team`, separated by commas or spaces. What is neither counts for nobody. Default: ' +
    'whoever has the right `approve`',
  approvals: 'How many people must agree. What is no number counts as 2, or more if it begins with more. Default: 1',
  expires:
    'How long an approval counts that is not applied, such as `36h`; the shorter wins. Default, ' +
    'also for what is no duration: `approval.expires`',
  slack: 'Channel of its cards, by name or id. Default: `slack.channel`',
  engine:
    '`coxswain` or `argocd`: which engine works on it; what the Application says wins over its AppProject. ' +
    'Where Argo CD runs, Coxswain works only on what also has `argocd.argoproj.io/skip-reconcile: "true"`. ' +
    'Default: `COX_ENGINE`',
} as const;

/** What listens, and what each serves; `test/operator/ports.test.ts` asks a running operator. */
export const ports: readonly { port: string; where: string; paths: readonly string[]; more: string; who: string }[] = [
  {
    port: 'public',
    where: '`COX_LISTEN_PUBLIC`, `0.0.0.0:8080`; Service `coxswain`',
    paths: ['/webhooks/github', '/api/webhook'],
    more: 'the webhooks of forges. Slack needs no port: Coxswain opens that connection itself (Socket Mode)',
    who: 'the internet, through an Ingress: the only one to expose',
  },
  {
    port: 'page',
    where: '`COX_LISTEN_PAGE`, `0.0.0.0:8081`; Service `coxswain-internal`',
    paths: ['/', '/api/applications', '/events', '/setup'],
    more: 'the page and its API, and the set-up of the GitHub App, to which GitHub sends the browser back',
    who: 'your own network: it is read-only and has no login; the set-up asks for its one-time token',
  },
  {
    port: 'metrics',
    where: '`COX_LISTEN_METRICS`, `0.0.0.0:9090`; Service `coxswain-internal`',
    paths: ['/metrics', '/healthz', '/readyz'],
    more: 'metrics, health and readiness',
    who: 'Prometheus and the kubelet',
  },
  {
    port: 'admission',
    where: 'none, and so no certificate',
    paths: [],
    more:
      'nothing: the policies of `deploy/admission.yaml` are ValidatingAdmissionPolicies, ' +
      'which the API server judges by itself; there is no admission webhook',
    who: 'nobody',
  },
];

const rightTexts: Record<string, string> = {
  get: 'read',
  sync: 'sync, try again, lock and unlock',
  approve: 'decide about approvals',
  revert: 'take a deploy back, and undo live edits',
  update: 'turn automated sync off',
  snooze: 'leave a drift alone for a time, and tell it again',
};

/** One line of a Markdown table; bars inside cells are escaped. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function split(text: string): { meaning: string; fallback: string } {
  const [meaning = '', fallback = ''] = text.split(/\. Default: /);
  return { meaning, fallback };
}

function errorsPage(): string {
  const sections = Object.entries(errorCodes).map(
    ([code, { meaning, seen, next }]) =>
      `## ${code}\n\n${meaning}\n\n- **Where it is seen:** ${seen}.\n- **What to do next:** ${next}`,
  );
  return `# Errors

Every failure that a person may meet has a stable code. It stands in comments, conditions, logs (as \`err.code\`) and on
the command line, followed by a hint where there is something to do.

Failures that may pass by themselves are tried again with backoff. The others wait for a change: a commit, an edit of
the Application, or a command.

${sections.join('\n\n')}
`;
}

function environmentRows(): string[][] {
  return Object.entries(variables).map(([name, text]) => {
    const { meaning, fallback } = split(text);
    return [`\`${name}\``, meaning, fallback.includes(' ') || !fallback ? fallback : `\`${fallback}\``];
  });
}

function settingRows(keys: Record<string, string>): string[][] {
  return Object.entries(keys).map(([key, text]) => {
    const { meaning, fallback } = split(text);
    return [`\`${key}\``, meaning, fallback];
  });
}

function configurationPage(): string {
  const maps = Object.entries(settingKeys).map(
    ([name, keys]) => `### ${name}\n\n${table(['Key', 'Meaning', 'Default'], settingRows(keys))}`,
  );
  const annotations = Object.entries(policyAnnotations).map(([name, text]) => {
    const { meaning, fallback } = split(text);
    return [`\`coxswain.dev/${name}\``, meaning, fallback];
  });
  return `# Configuration

## Environment

The environment is read once, at the start. All faults are told together, and nothing starts while there is one. A
variable that ends in \`_FILE\` names a file that holds the value, such as a mounted Secret.

${table(['Variable', 'Meaning', 'Default'], environmentRows())}

## Ports

Each port answers its own paths alone, over plain HTTP; TLS ends at your Ingress.

${table(
  ['Port', 'Address', 'Serves', 'For'],
  ports.map(({ port, where, paths, more, who }) => [
    port,
    where,
    [paths.map((path) => `\`${path}\``).join(', '), more].filter(Boolean).join(': '),
    who,
  ]),
)}

## ConfigMaps

They stand in the control-plane namespace and carry the label \`app.kubernetes.io/part-of\`, with the value \`argocd\`
or \`coxswain\`. A change takes effect at once. A value that cannot be read is reported in the log at the start, and its
default stands in.

${maps.join('\n\n')}

## Secrets

Clusters and repositories are the Secrets of Argo CD, found by the label \`argocd.argoproj.io/secret-type\`:
\`cluster\`, \`repository\` and \`repo-creds\`. Of a repository the address and its logins are read
(user and password, \`bearerToken\`, \`sshPrivateKey\`, client certificates, a GitHub App), and \`insecure\`, \`proxy\`,
\`noProxy\`. Keys and certificates stand in files of \`COX_DATA_DIR\` only while git runs.
Repositories in which the GitHub App is installed need no Secret. The key of the digests is kept in the Secret
\`coxswain-mac\`, which Coxswain makes.

## Annotations

On an Application, or on an AppProject for all its Applications. Where both speak of approval, the stricter wins.

${table(['Annotation', 'Meaning', 'Default'], annotations)}
`;
}

function cliPage(): string {
  return `# The command line

\`\`\`text
${help}
\`\`\`

## Rights

\`cox\` asks the cluster as the user of the kubeconfig, who needs \`get\`, \`list\` and \`watch\` of Applications and
AppProjects; \`patch\` of Applications to sync, roll back and terminate; \`delete\` to delete them. To approve,
reject, reopen and revert they \`create\`, \`list\` and \`watch\` requests.coxswain.dev, which must name them (the
admission policies of \`deploy/\` see to it), and \`cli.identities\` in \`coxswain-cm\` links their name to the
GitHub login whose rights count. Diff and manifests read Secrets of repositories and clusters where they may.

## Install it

As a package, with Node 24.2 or newer first on PATH; in a clone:

\`\`\`sh
npm pack
npm install --global coxswain-*.tgz
\`\`\`

The tarball holds JavaScript and needs no clone any more; npm brings what it depends on. Out of a clone it runs too,
with exactly the versions that are tested:

\`\`\`sh
npm install
npm link
node_modules/.bin/node tools/binaries.ts manifests render
\`\`\`

The last line builds the tools that \`cox app diff\`, \`cox preview\` and \`cox render\` need, by Go 1.26 or newer;
\`cox\` of a clone finds them by itself. One that was installed as a package looks for them on PATH or in
COX_TOOLS_DIR. Without a link: \`npm run cox -- app list\`.

Completion: \`source <(cox completion bash)\`; \`cox help completion\` tells the same of zsh and fish.

## Exit codes

| Code | Meaning |
| --- | --- |
| 0 | Done; of \`diff\`, \`drift\`, \`preview\` and \`doctor\`: nothing found |
| 1 | A difference, a finding, a failed operation, or a wait whose time is over; nothing is wrong with the command |
| 2 | Wrong usage; nothing was done |
| 3 | An error, told with its code, its place, the cause and the next step |
| 130 | Interrupted; what was asked for goes on |

## Commands

${commandNames.map((name) => `### cox ${name}\n\n\`\`\`text\n${helpOf(name, false)}\n\`\`\``).join('\n\n')}
`;
}

function commandsPage(): string {
  const rows = Object.values(verbs).map(({ usage, does, right }) => [
    `\`${usage}\``,
    does,
    right ? `\`${right}\`` : '',
  ]);
  const own = Object.entries(Object.groupBy(Object.entries(rights), ([, right]) => right)).map(([right]) => [
    `\`${right}\``,
    rightTexts[right] ?? '',
  ]);
  return `# Commands

The same words work in a pull request comment and in Slack. In a comment, the first line that begins with \`/cox\`
counts; quotes and code blocks do not. The answer is a reaction (🚀 done, 😕 refused) and a line in Coxswain's comment. In
Slack, only the person who asked sees the answer.

${table(['Command', 'What it does', 'Right'], rows)}

\`status\`, \`diff\`, \`sync\`, \`retry\`, \`lock\` and \`unlock\` take several at once: \`env=prod\` (the annotation
\`coxswain.dev/environment\`), \`project=shop\`, names with stars (\`shop-*\`, with the namespace \`team-a/*\`), or
\`--all\`: those that the pull request touches, elsewhere those that the person may see. People decide about
applications one by one.

Where the application may be left out, the pull request tells which are meant: those that it touches, or those that wait
for its merge. A word that is no command is never guessed: the answer names the nearest one.

In Slack, \`/cox approve\` opens the review of what would be applied, and nothing is approved before its button is
pressed; with \`--digest\`, the first digits on the card, it approves that at once. In a pull request, what counts is
the effect that waited when the comment was written.

A pull request decides, by comment or button, about exactly what its own merge brought: its merge commit must be among
the commits that wait. On an open one nothing waits yet; a name given in any other pull request is refused. What was
pushed without a pull request is decided in Slack.

## Rights

Rights are lines of \`policy.csv\` in the ConfigMap \`argocd-rbac-cm\`, or roles of an AppProject. Subjects are GitHub
logins and \`org:team\`. Without a line, nobody may do anything.

${table(['Right', 'Allows to'], own)}

\`\`\`csv
p, role:platform, applications, get, platform/*, allow
p, role:platform, applications, sync, platform/*, allow
p, role:platform, applications, approve, platform/*, allow
p, role:platform, applications, revert, platform/*, allow
g, acme:platform, role:platform
\`\`\`

Whoever wrote a part of a change may not approve it, whatever the policy says.
`;
}

/** Every page by its path in the repository. */
export function referencePages(): Record<string, string> {
  return {
    'docs/reference/cli.md': cliPage(),
    'docs/reference/commands.md': commandsPage(),
    'docs/reference/configuration.md': configurationPage(),
    'docs/reference/errors.md': errorsPage(),
  };
}
