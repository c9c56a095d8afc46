// What somebody who agreed may do as of now, asked again when it is to be applied.
import type { Standing } from '../engine/application/pass.ts';
import type { Application } from '../model/application.ts';
import type { Actor } from '../model/coxswain.ts';
import type { AskerDeps } from './identity.ts';
import { applicationKey } from '../model/application.ts';
import { createAsker } from './identity.ts';

/** Teams of a person, and why that person may not approve, if so. Throws while the forge does not tell. */
export async function standingOf(deps: AskerDeps, actor: Actor, app: Application): Promise<Standing> {
  const asker = await createAsker(deps, { actor, application: applicationKey(app) });
  const [refused, { teams }] = [await asker.refusal('approve', app), await asker.person(app)];
  return { teams, ...(refused !== undefined && { refused }) };
}
