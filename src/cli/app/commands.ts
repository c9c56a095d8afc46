// The commands of `cox app`: their words, what follows them, the options that they take.
import type { OptionName } from '../options.ts';

export interface Command {
  /** What follows the words, as help prints it. */
  args: string;
  does: string;
  /**
   * What the words name: nothing, one application, one or more (or a selector, a project), one and what is further
   * said, or words of its own.
   */
  takes: 'nothing' | 'one' | 'several' | 'one-and-more' | 'words';
  options: readonly OptionName[];
  /** Lines that follow in its own help. */
  notes?: readonly string[];
}

const choosing: readonly OptionName[] = ['selector', 'project'];
export const following: readonly OptionName[] = ['no-wait', 'async', 'timeout'];

/** What says where an application comes from, and how it is kept. */
const described: readonly OptionName[] = [
  ...(['repo', 'path', 'helm-chart', 'revision', 'dest-server', 'dest-name', 'dest-namespace', 'project'] as const),
  ...(['sync-policy', 'auto-prune', 'self-heal', 'sync-option', 'values', 'helm-set', 'release-name'] as const),
  ...(['kustomize-image', 'label'] as const),
];

/** By the words that call them. */
export const appCommands = {
  'app list': {
    args: '',
    does: 'applications with their sync status and health',
    takes: 'nothing',
    options: choosing,
  },
  'app create': {
    args: '<app>',
    does: 'make an application',
    takes: 'words',
    options: [...described, 'file', 'upsert', 'dry-run'],
    notes: [
      'Where applications come from Git, its file belongs there: --dry-run -o yaml prints it.',
      '',
      'Examples',
      '  cox app create web --repo https://github.com/acme/infra.git --path apps/web --dest-namespace web',
      '  cox app create --file web.yaml --upsert',
    ],
  },
  'app set': {
    args: '<app>...',
    does: 'change where applications come from and how they are kept',
    takes: 'several',
    options: ['selector', ...described, 'source-position', 'dry-run'],
    notes: [
      'What a value is added to keeps its others: --values, --helm-set, --kustomize-image, --sync-option, --label.',
    ],
  },
  'app unset': {
    args: '<app>...',
    does: 'take back what was set: --values, --helm-set, --kustomize-image, --sync-option, --label by their names',
    takes: 'several',
    options: [
      ...choosing,
      ...(['values', 'helm-set', 'kustomize-image', 'sync-option', 'label', 'source-position', 'dry-run'] as const),
    ],
  },
  'app edit': {
    args: '<app>',
    does: 'change its spec in your editor (KUBE_EDITOR, EDITOR)',
    takes: 'one',
    options: ['dry-run'],
    notes: [
      'What cannot be saved stays in a file that is named. Nothing is changed when the file is empty or the same.',
    ],
  },
  'app logs': {
    args: '<app>',
    does: 'what the containers of its pods wrote',
    takes: 'one',
    options: ['resource', 'container', 'follow', 'tail', 'since', 'previous'],
    notes: [
      'Credentials in addresses and tokens of known forms are masked.',
      '',
      'Examples',
      '  cox app logs web --tail 100 --follow',
    ],
  },
  'app actions': {
    args: '<app> [action]',
    does: 'what can be done to its objects, or do it: restart, pause, resume, suspend, create-job, terminate',
    takes: 'one-and-more',
    options: ['resource', 'all', 'dry-run'],
    notes: ['Examples', '  cox app actions web', '  cox app actions web restart --resource apps:Deployment:web'],
  },
  'app get': { args: '<app>', does: 'one application and its resources', takes: 'one', options: [] },
  'app resources': {
    args: '<app>',
    does: 'the objects of an application with their sync status and health',
    takes: 'one',
    options: ['orphaned'],
    notes: [
      'With --orphaned the cluster is looked through, with the rights of the kubeconfig, in the namespace of the',
      'destination; what orphanedResources.ignore of the AppProject names is left out.',
    ],
  },
  'app diff': {
    args: '<app>',
    does: 'what a sync would change in the cluster (exit code 1 if anything)',
    takes: 'one',
    options: ['revision'],
  },
  'app manifests': {
    args: '<app>',
    does: 'its manifests as YAML: those of Git, or the live objects',
    takes: 'one',
    options: ['source', 'revision'],
    notes: ['Values of Secrets are masked.'],
  },
  'app sync': {
    args: '<app>...',
    does: 'ask for a sync and follow it',
    takes: 'several',
    options: [...choosing, 'revision', 'prune', 'dry-run', 'force', 'resource', ...following],
    notes: [
      'With --resource only these objects are synced: hooks do not run, and the history keeps no entry.',
      '',
      'Examples',
      '  cox app sync web --prune',
      '  cox app sync -l team=web --timeout 5m',
      '  cox app sync web --resource apps:Deployment:web --resource :ConfigMap:shop/web',
    ],
  },
  'app wait': {
    args: '<app>...',
    does: 'wait until it is Synced and Healthy, and no operation runs',
    takes: 'several',
    options: [...choosing, 'sync', 'health', 'suspended', 'degraded', 'operation', 'delete', 'timeout'],
    notes: ['Naming a state waits for that one alone. Exit code 1 when the time is over first.'],
  },
  'app history': { args: '<app>', does: 'what was synced, when and by whom', takes: 'one', options: [] },
  'app rollback': {
    args: '<app> [id]',
    does: 'sync what an entry of its history had (default: the one before the last)',
    takes: 'one-and-more',
    options: ['prune', 'dry-run', ...following],
    notes: [
      'An application that syncs by itself is not rolled back, as the next look would undo it: take the deploy back in',
      'Git with cox revert.',
    ],
  },
  'app terminate-op': { args: '<app>', does: 'end the operation that runs', takes: 'one', options: [] },
  'app delete': {
    args: '<app>...',
    does: 'delete an application and its objects, and wait until it is gone',
    takes: 'several',
    options: [...choosing, 'cascade', 'yes', ...following],
    notes: ['A gated application waits for an approval of its deletion.'],
  },
} as const satisfies Record<string, Command>;
