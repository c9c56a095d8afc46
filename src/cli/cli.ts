// The command line: what Coxswain knows and does, against the cluster of the current kubeconfig.
import { parseArgs } from 'node:util';
import { describeError } from '../base/errors.ts';
import { appCommand } from './app.ts';
import type { Options } from './options.ts';
import { Usage, usage } from './options.ts';
import { formats } from './output.ts';
import { renderCommand } from './render.ts';

export const help = `cox — GitOps for Kubernetes, from the command line

Usage
  cox app list                      applications with their sync status and health
  cox app get <app>                 one application and its resources
  cox app diff <app>                what a sync would change, live against Git (exit code 1 if anything)
  cox app sync <app>                ask for a sync and follow it
  cox app history <app>             what was synced, when and by whom
  cox render <app>                  the manifests of an application, as YAML

Options
  -o, --output FORMAT               table, wide, json or yaml (default table)
  -n, --namespace NAME              namespace of the Applications (default COX_NAMESPACE or argocd)
      --kubeconfig FILE             default KUBECONFIG, then ~/.kube/config
      --context NAME                context of the kubeconfig
      --revision REVISION           branch, tag or commit instead of the application's own (diff, render, sync)
      --prune                       also delete what is no longer in Git (sync)
      --no-wait                     do not follow the operation (sync)
  -h, --help                        this text

Environment: KUBECONFIG, COX_NAMESPACE, COX_TOOLS_DIR (folder of helm, kustomize and jsonnet).`;

function read(argv: string[], env: Record<string, string | undefined>): { words: string[]; options: Options; wantsHelp: boolean } {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o', default: 'table' },
      namespace: { type: 'string', short: 'n' },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      revision: { type: 'string' },
      prune: { type: 'boolean', default: false },
      'no-wait': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const format = formats.find((item) => item === values.output);
  if (!format) throw usage(`-o ${values.output} is not a format; use ${formats.join(', ')}`);
  const options: Options = {
    format,
    namespace: values.namespace ?? env['COX_NAMESPACE'] ?? 'argocd',
    kubeconfig: values.kubeconfig ?? env['KUBECONFIG'],
    context: values.context,
    revision: values.revision,
    prune: values.prune,
    wait: !values['no-wait'],
    tools: env['COX_TOOLS_DIR'] ?? '',
  };
  return { words: positionals, options, wantsHelp: values.help };
}

/** Exit code: 0 done, 1 a difference or a failed operation, 2 wrong usage, 3 an error. */
export async function cox(argv: string[], env: Record<string, string | undefined>, out: (text: string) => void): Promise<number> {
  try {
    const { words, options, wantsHelp } = read(argv, env);
    const [command, ...rest] = words;
    if (wantsHelp || !command || command === 'help') {
      out(help);
      return command || wantsHelp ? 0 : 2;
    }
    if (command === 'app') return await appCommand(rest, options, out);
    if (command === 'render') return await renderCommand(rest, options, out);
    throw usage(`"${command}" is not a command`);
  } catch (error) {
    const wrong = error instanceof Usage || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    process.stderr.write(wrong ? `${error.message}\n\nSee cox --help.\n` : `${describeError(error)}\n`);
    return wrong ? 2 : 3;
  }
}

if (import.meta.main) {
  process.exitCode = await cox(process.argv.slice(2), process.env, (text) => process.stdout.write(`${text}\n`));
}
