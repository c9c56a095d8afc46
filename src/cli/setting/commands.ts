// The commands of `cox repo` and `cox cluster`: their words, what follows them, the options that they take.
import type { Command } from '../app/commands.ts';

const cautious = [
  'What was there before under the same address is changed with --upsert alone. Nothing secret is ever shown.',
];

/** By the words that call them. */
export const settingCommands = {
  'repo list': {
    args: '',
    does: 'repositories that have credentials, and of what kind',
    takes: 'nothing',
    options: [],
  },
  'repo add': {
    args: '<url>',
    does: 'keep the credentials of a repository, as a Secret with the labels of Argo CD',
    takes: 'words',
    options: [
      ...(['username', 'password-stdin', 'ssh-private-key-path', 'type', 'name', 'project'] as const),
      ...(['insecure-skip-server-verification', 'upsert', 'dry-run'] as const),
    ],
    notes: [
      ...cautious,
      'Whether it can be read is seen from the cluster: cox doctor tells.',
      '',
      'Examples',
      '  cox repo add https://git.example.com/acme/infra.git --username ci --password-stdin < token',
      '  cox repo add git@github.com:acme/infra.git --ssh-private-key-path ~/.ssh/deploy_key',
    ],
  },
  'repo rm': {
    args: '<url>...',
    does: 'forget the credentials of repositories',
    takes: 'words',
    options: ['project', 'yes', 'dry-run'],
  },
  'cluster list': { args: '', does: 'clusters that applications may go to', takes: 'nothing', options: [] },
  'cluster add': {
    args: '<context>',
    does: 'let applications go to the cluster of a context of the kubeconfig',
    takes: 'words',
    options: ['name', 'project', 'system-namespace', 'upsert', 'yes', 'dry-run'],
    notes: [
      ...cautious,
      'Makes the ServiceAccount coxswain-manager there, which may do everything, and keeps its token as a Secret here.',
      'To grant less, change the ClusterRole coxswain-manager-role there afterwards; it is not written over.',
    ],
  },
  'cluster rm': {
    args: '<name|server>',
    does: 'forget a cluster; its objects and its ServiceAccount stay',
    takes: 'words',
    options: ['yes', 'dry-run'],
  },
} as const satisfies Record<string, Command>;
