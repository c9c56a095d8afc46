// `cox render`: the manifests of an application, rendered here with the operator's own rooms.
import type { Options } from './options.ts';
import { maskObjects } from '../diff/mask.ts';
import { usage } from './options.ts';
import { manifestsYaml } from './output.ts';
import { withSession } from './session.ts';

/** Secret values are masked: what is printed ends up in logs and tickets. */
export async function renderCommand(words: string[], options: Options, out: (text: string) => void): Promise<number> {
  const [name, ...rest] = words;
  if (!name || rest.length > 0) throw usage('cox render needs one application');
  return withSession(options, async (session) => {
    const app = await session.application(name);
    const state = await (await session.desiring()).at(app, [options.revision], session.signal);
    const masked = state.manifests.map((object) => maskObjects([object])[0]);
    out(options.format === 'json' ? JSON.stringify(masked, null, 2) : manifestsYaml(masked));
    return 0;
  });
}
