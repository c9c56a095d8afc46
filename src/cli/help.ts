// What `cox --help` prints.

const usage = `cox — GitOps for Kubernetes, from the command line

Usage
  cox app list                      applications with their sync status and health
  cox app get <app>                 one application and its resources
  cox app diff <app>                what a sync would change in the cluster (exit code 1 if anything)
  cox app sync <app>                ask for a sync and follow it
  cox app history <app>             what was synced, when and by whom
  cox render <app>                  the manifests of an application, as YAML
  cox doctor                        what of the installation is not as it should be (exit code 1 if anything)
  cox setup github                  the address of the page that makes the GitHub App, for one browser

Options
  -o, --output FORMAT               table, wide, json or yaml (default table)
  -n, --namespace NAME              namespace of the Applications (default COX_NAMESPACE or argocd)
      --kubeconfig FILE             default KUBECONFIG, then ~/.kube/config
      --context NAME                context of the kubeconfig
      --revision REVISION           branch, tag or commit instead of the application's own (diff, render, sync)
      --prune                       also delete what is no longer in Git (sync)
      --no-wait                     do not follow the operation (sync)
      --timeout DURATION            stop following after that time, such as 5m; the operation goes on (sync)
  -h, --help                        this text
`;

const notes = [
  'An application is named by its name or by namespace/name. Diff and render run here, with the rights of the ' +
    'kubeconfig and',
  'with helm, kustomize, jsonnet and render where the application needs them. Secret values are never shown.',
  '',
  'Exit code: 0 done, 1 a difference or a failed operation, 2 wrong usage, 3 an error, 130 interrupted.',
  '',
  'Environment: KUBECONFIG, COX_NAMESPACE, COX_TOOLS_DIR (folder of helm, kustomize, jsonnet and render; default ' +
    'PATH), NO_COLOR.',
];

export const help = `${usage}\n${notes.join('\n')}`;
