// The processes of a control plane, with their arguments.
import type { BinaryName } from '../../tools/pins.ts';
import type { ChildOptions } from './children.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditFlags } from './audit.ts';

/** Names by which a component can be restarted: `apiserver`, `etcd`, `controllers`, `scheduler`, `nodes`. */
export type ComponentName = 'etcd' | 'apiserver' | 'controllers' | 'scheduler' | 'nodes';

export interface Plan {
  directory: string;
  binaries: Record<BinaryName, string>;
  ports: { etcd: number; etcdPeer: number; apiserver: number; nodes: number };
  /** Kubeconfig of the administrator. */
  kubeconfig: string;
  tokens: string;
  signingKey: { publicKey: string; privateKey: string };
  /** Whether the API server keeps `audit.log` in the directory. */
  audit: boolean;
}

/** What must run before anything else; both may start at once, the API server waits for etcd. */
export function storage(plan: Plan): ChildOptions[] {
  const { directory, ports, binaries } = plan;
  const etcd = `http://127.0.0.1:${ports.etcd}`;
  return [
    component(plan, 'etcd', binaries.etcd, {
      'data-dir': join(directory, 'etcd'),
      'listen-client-urls': etcd,
      'advertise-client-urls': etcd,
      'listen-peer-urls': `http://127.0.0.1:${ports.etcdPeer}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${ports.etcdPeer}`,
      'initial-cluster': `default=http://127.0.0.1:${ports.etcdPeer}`,
      'unsafe-no-fsync': 'true', // nothing here outlives the machine
      'log-level': 'warn',
      'quota-backend-bytes': String(2 ** 31),
    }),
    component(plan, 'apiserver', binaries['kube-apiserver'], {
      'etcd-servers': etcd,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(ports.apiserver),
      'cert-dir': join(directory, 'certificates'),
      'endpoint-reconciler-type': 'none', // a loopback address is not allowed in Endpoints
      'service-cluster-ip-range': '10.96.0.0/16',
      'token-auth-file': plan.tokens,
      'authorization-mode': 'RBAC',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': plan.signingKey.publicKey,
      'service-account-signing-key-file': plan.signingKey.privateKey,
      'allow-privileged': 'true',
      profiling: 'false',
      ...(plan.audit && auditFlags(directory)),
    }),
  ];
}

/** What makes objects live. All controllers run: without them nodes keep their not-ready taint. */
export function controllers(plan: Plan): ChildOptions[] {
  const { binaries, kubeconfig, ports } = plan;
  const fast = {
    'kube-api-qps': '500',
    'kube-api-burst': '1000',
    'leader-elect': 'false',
    'secure-port': '0',
    profiling: 'false',
  };
  return [
    component(plan, 'controllers', binaries['kube-controller-manager'], {
      kubeconfig,
      ...fast,
      controllers: '*',
      'use-service-account-credentials': 'true', // each by its own name, as kubeadm has it
      'root-ca-file': certificate(plan.directory),
      'service-account-private-key-file': plan.signingKey.privateKey,
    }),
    component(plan, 'scheduler', binaries['kube-scheduler'], { kubeconfig, ...fast }),
    component(plan, 'nodes', binaries.kwok, {
      kubeconfig,
      config: [join(import.meta.dirname, 'nodes.yaml'), logs(plan.directory)].join(','),
      'manage-all-nodes': 'true',
      'node-lease-duration-seconds': '40',
      'server-address': `127.0.0.1:${ports.nodes}`,
      'node-ip': '127.0.0.1',
      'node-port': String(ports.nodes),
      'tls-cert-file': certificate(plan.directory),
      'tls-private-key-file': certificate(plan.directory).replace(/crt$/, 'key'),
    }),
  ];
}

/** What every container has written, in the form that container runtimes keep; a configuration of the nodes. */
function logs(directory: string): string {
  const [file, config] = [join(directory, 'containers.log'), join(directory, 'containers.yaml')];
  const lines = ['first', 'second', 'third'].map(
    (each) => `2026-01-01T00:00:00.000000000Z stdout F the ${each} line\n`,
  );
  writeFileSync(file, lines.join(''));
  const spec = { logs: [{ logsFile: file, follow: false }] };
  const kind = { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'ClusterLogs' };
  writeFileSync(config, JSON.stringify({ ...kind, metadata: { name: 'all' }, spec }));
  return config;
}

/** The API server writes its own self-signed certificate there and keeps it over restarts. */
export function certificate(directory: string): string {
  return join(directory, 'certificates', 'apiserver.crt');
}

function component(plan: Plan, name: ComponentName, command: string, flags: Record<string, string>): ChildOptions {
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return { name, command, args, log: join(plan.directory, `${name}.log`), env: { HOME: plan.directory, PATH: '' } };
}
