// How Kustomize builds, as `kustomize.*` of argocd-cm says (Argo CD: docs/user-guide/kustomize.md).

/** Flags of `kustomize build` that are taken; what is not set is as the command has it. */
export interface KustomizeOptions {
  /** Files above the folder of a kustomization may be read, within the repository. */
  anyFile?: boolean;
  reorder?: 'legacy' | 'none';
  /** Kustomizations may have Helm render charts. */
  enableHelm?: boolean;
}

/** Each flag alone, whether its value follows `=` or a blank; what follows no flag is dropped, as the command does. */
function flagsOf(text: string): [name: string, value: string][] {
  const flags: [string, string][] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const [name = '', ...rest] = word.split('=');
    const last = flags.at(-1);
    if (name.startsWith('-')) flags.push([name.replace(/^-+/, '').replaceAll('_', '-'), rest.join('=')]);
    else if (last?.[1] === '') last[1] = word;
  }
  return flags;
}

const refused: Record<string, string> = {
  'enable-alpha-plugins': 'plugins are programs, and rendering starts none',
  'enable-exec': 'functions are programs, and rendering starts none',
  'enable-star': 'functions are programs, and rendering starts none',
};

/** Whatever else is there is named in `faults`, and nothing of it is done. */
export function readKustomizeOptions(argocd: Record<string, string>, faults: string[]): KustomizeOptions {
  const found: KustomizeOptions = {};
  for (const [name, value] of flagsOf(argocd['kustomize.buildOptions'] ?? '')) {
    if (name === 'load-restrictor' && /^(?:LoadRestrictionsNone|none)$/i.test(value)) found.anyFile = true;
    else if (name === 'load-restrictor' && /^(?:LoadRestrictionsRootOnly|rootonly)$/i.test(value)) delete found.anyFile;
    else if (name === 'reorder' && (value === 'legacy' || value === 'none')) found.reorder = value;
    else if (name === 'enable-helm' && /^(?:|true|false|1|0|t|f)$/i.test(value))
      found.enableHelm = !/^[f0]/i.test(value);
    else
      faults.push(
        `kustomize.buildOptions has --${name}, which has no effect: ${refused[name] ?? 'it is not known here'}`,
      );
  }
  for (const other of Object.keys(argocd).filter((each) => /^kustomize\.(?:path|version|buildOptions)\./.test(each)))
    faults.push(`argocd-cm has ${other}, which has no effect: there is one Kustomize, 5.8.2`);
  return found;
}
