// Argo CD's own kinds among the objects that an application manages.

export const argoGroup = 'argoproj.io';

interface Kind {
  group: string;
  kind: string;
}

/** By group and kind, whatever the version. */
export function isApplication({ group, kind }: Kind): boolean {
  return group === argoGroup && kind === 'Application';
}

/** By group and kind, whatever the version. */
export function isProject({ group, kind }: Kind): boolean {
  return group === argoGroup && kind === 'AppProject';
}
