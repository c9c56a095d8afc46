// The changes that the story makes to the sample repository; the demo's page offers the same ones.
export type Read = (path: string) => Promise<string | null>;
type Files = Record<string, string | null>;

export const secrets = { before: 'only-an-example', after: 'correct-horse-battery' } as const;
export const images = { before: 'nginx:1.27.0', after: 'nginx:1.27.1', byHand: 'nginx:1.25.5' } as const;

const base = 'apps/checkout/base';

async function textOf(read: Read, path: string): Promise<string> {
  const text = await read(path);
  if (text === null) throw new Error(`the sample repository has no ${path}`);
  return text;
}

/** Replaces what must be there. */
async function edited(read: Read, path: string, ...edits: [string, string][]): Promise<Files> {
  let text = await textOf(read, path);
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`${path} of the sample repository does not say "${from}"`);
    text = text.replaceAll(from, to);
  }
  return { [path]: text };
}

const budget = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: checkout
spec:
  minAvailable: 1
  selector:
    matchLabels:
      app: checkout
`;

/**
 * A new image in the Kustomize base that dev and prod share, a Helm value, a Secret's value, one object more, one less.
 */
export async function newVersion(read: Read): Promise<Files> {
  return {
    ...(await edited(read, `${base}/deployment.yaml`, [images.before, images.after])),
    ...(await edited(read, `${base}/credentials.yaml`, [secrets.before, secrets.after])),
    ...(await edited(
      read,
      `${base}/kustomization.yaml`,
      ['  - feature-flags.yaml\n', ''],
      ['  - service.yaml', '  - budget.yaml\n  - service.yaml'],
    )),
    [`${base}/budget.yaml`]: budget,
    [`${base}/feature-flags.yaml`]: null,
    ...(await edited(read, 'apps/payments/values-prod.yaml', ['replicas: 2', 'replicas: 3'])),
  };
}

export const brokenFile = 'apps/docs/dev/pages.yaml';
/** Line of `brokenFile` at which it cannot be read any more. */
export const brokenLine = 8;

/** A manifest that is no YAML. */
export async function brokenManifest(read: Read): Promise<Files> {
  return { [brokenFile]: `${await textOf(read, brokenFile)} oops: [not closed\n` };
}

/** Two replicas more than there are now, so that it can be asked for again. */
export async function morePayments(read: Read): Promise<Files> {
  const path = 'apps/payments/values-prod.yaml';
  const text = await textOf(read, path);
  return { [path]: text.replace(/^replicas: (\d+)$/m, (_line, count: string) => `replicas: ${Number(count) + 2}`) };
}
