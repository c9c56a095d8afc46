// What is built from where: every pinned binary with its Go module, its package and its link flags.

interface Pin {
  /** Folder under `tools/` whose go.mod and go.sum pin every line of source that is not its own. */
  module: string;
  /** Go package of the command. */
  package: string;
  /** Variables set by the linker; without them a binary says that it is a development build. */
  set: Record<string, string>;
}

const kubernetesVersion = {
  'k8s.io/component-base/version.gitVersion': 'v1.36.3',
  'k8s.io/component-base/version.gitMajor': '1',
  'k8s.io/component-base/version.gitMinor': '36',
};

const helmVersion = { 'helm.sh/helm/v4/internal/version.version': 'v4.3.1' };
const kustomizeVersion = { 'sigs.k8s.io/kustomize/api/provenance.version': 'v5.8.2' };

/** In the order in which they are built: what tests wait for longest comes first. */
export const pins = {
  'kube-apiserver': { module: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kube-apiserver', set: kubernetesVersion },
  'kube-controller-manager': {
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    set: kubernetesVersion,
  },
  'kube-scheduler': { module: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kube-scheduler', set: kubernetesVersion },
  kubectl: { module: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kubectl', set: kubernetesVersion },
  etcd: { module: 'etcd', package: 'go.etcd.io/etcd/server/v3', set: {} },
  kwok: { module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok', set: {} },
  render: { module: 'render', package: '.', set: {} },
  manifests: { module: 'render', package: './manifests', set: { ...helmVersion, ...kustomizeVersion } },
  helm: { module: 'helm', package: 'helm.sh/helm/v4/cmd/helm', set: helmVersion },
  kustomize: { module: 'kustomize', package: 'sigs.k8s.io/kustomize/kustomize/v5', set: kustomizeVersion },
  /** An OCI registry. */
  registry: { module: 'registry', package: 'github.com/distribution/distribution/v3/cmd/registry', set: {} },
  /** A server of Git over SSH. */
  'git-ssh': { module: 'git-ssh', package: '.', set: {} },
} as const satisfies Record<string, Pin>;

export type BinaryName = keyof typeof pins;

export const binaryNames: BinaryName[] = Object.keys(pins).filter(isBinaryName);

const forTests: readonly BinaryName[] = ['helm', 'kustomize', 'registry', 'git-ssh'];

/** Without the commands with which tests compare what their libraries make, and what they fetch from. */
export const ownNames: BinaryName[] = binaryNames.filter((name) => !forTests.includes(name));

export function isBinaryName(name: string): name is BinaryName {
  return Object.hasOwn(pins, name);
}
