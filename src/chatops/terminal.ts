// Requests from a terminal: who asks is the cluster's word for it, which must be beyond doubt, and a login that people
// have linked to it.
import type { Request } from '../model/coxswain.ts';
import type { Answer, ChatopsOptions } from './ports.ts';

/** The Request as its asker's, or why it is nobody's. */
export async function asLinked(
  { store, doubt }: Pick<ChatopsOptions, 'store' | 'doubt'>,
  request: Request,
): Promise<{ request: Request } | { refused: Answer }> {
  const { user } = request.spec.actor;
  if (user === undefined) return { request };
  const why = doubt
    ? await doubt(request.metadata.creationTimestamp ?? '')
    : 'Requests from a terminal are not taken here';
  if (why !== undefined)
    return {
      refused: {
        ok: false,
        text: `nobody can tell whether ${user} has asked this, so nothing was done: ${why}. Then ask again`,
      },
    };
  const login = store.settings().cliIdentities.get(user);
  if (login === undefined)
    return {
      refused: {
        ok: false,
        text:
          `the user ${user} of this cluster is not linked to a GitHub login, so nobody can tell what they may do. ` +
          `An administrator can add the line \`${user}: <GitHub login>\` to cli.identities in the ConfigMap ` +
          'coxswain-cm',
      },
    };
  // When it was asked is the API server's word too: what counts from then on has an end.
  const createdAt = request.metadata.creationTimestamp ?? request.spec.createdAt;
  return {
    request: { ...request, spec: { ...request.spec, createdAt, actor: { login, id: 0, via: 'cli', known: true } } },
  };
}
