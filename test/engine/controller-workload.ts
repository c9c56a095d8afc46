// A workload of Argo CD's application controller as Argo CD's own manifests have it, for tests.
import type { KubeObject } from '../../src/model/kube.ts';

interface Wanted {
  kind?: 'StatefulSet' | 'Deployment';
  name?: string;
  namespace: string;
  replicas?: number;
  /** Default: those of Argo CD's own manifests. */
  labels?: Record<string, string>;
  args?: string[];
}

export function workload({
  kind = 'StatefulSet',
  name = 'argocd-application-controller',
  namespace,
  replicas = 1,
  labels = {
    'app.kubernetes.io/name': 'argocd-application-controller',
    'app.kubernetes.io/part-of': 'argocd',
    'app.kubernetes.io/component': 'application-controller',
  },
  args = ['/usr/local/bin/argocd-application-controller'],
}: Wanted): KubeObject {
  const app = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: app },
      ...(kind === 'StatefulSet' && { serviceName: name }),
      template: {
        metadata: { labels: app },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'controller', image: 'argocd', args }] },
      },
    },
  };
}
