// `cox render`: the manifests of an application, rendered here with the operator's own rooms.
import type { Application } from '../model/application.ts';
import type { Session } from './session.ts';
import { maskObjects } from '../diff/mask.ts';
import { manifestsYaml } from './output.ts';
import { openRooms } from './workspace.ts';
import { stringifyJson } from '../base/json.ts';

/** Secret values are masked: what is printed ends up in logs and tickets. */
export async function render(session: Session, app: Application): Promise<number> {
  const { desiring, revisions } = await openRooms(session, app);
  const { manifests, warnings } = await desiring.at(app, revisions, session.signal);
  for (const { message } of warnings) session.out.note(`cox: ${message}`);
  const masked = manifests.map((object) => maskObjects([object])[0]);
  session.out.result(session.options.format === 'json' ? stringifyJson(masked, 2) : manifestsYaml(masked));
  return 0;
}
