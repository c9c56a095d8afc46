// `cox approve`, `reject`, `reopen` and `revert`: a Request in one's own name, and its answer.
import type { Application } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Request, Verb } from '../model/coxswain.ts';
import type { Session } from './session.ts';
import { randomUUID } from 'node:crypto';
import { rfc3339, systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { applicationKey } from '../model/application.ts';
import { coxGroup } from '../model/coxswain.ts';
import { parseRequest } from '../store/parse.ts';
import { follow } from './follow.ts';
import { data, isData, plain } from './output.ts';
import { userName } from './session.ts';

const requestKind = { group: coxGroup, kind: 'Request' };

function argsOf({ options }: Session): Record<string, string> {
  const { digest, reason, only } = options.values;
  return {
    ...(digest !== undefined && { digest }),
    ...(reason !== undefined && { reason }),
    ...(only && { only: 'true' }),
  };
}

async function create(session: Session, verb: Verb, app: Application): Promise<KubeObject> {
  const { cluster, options, signal } = session;
  const request = {
    apiVersion: `${coxGroup}/v1alpha1`,
    kind: 'Request',
    metadata: { name: `cli-${randomUUID()}`, namespace: options.namespace },
    spec: {
      verb,
      application: applicationKey(app),
      args: argsOf(session),
      actor: { user: await userName(session), via: 'cli' },
      origin: { kind: 'cli' },
      createdAt: rfc3339(systemClock.now()),
    },
  };
  try {
    return await cluster.api.create(request, { signal });
  } catch (error) {
    if (!isStatus(error, 403)) throw error;
    throw new AppError('E_API', `you may not create Requests in ${options.namespace}`, {
      cause: error,
      hint: `Ask an administrator for the right to create requests.${coxGroup} in this namespace.`,
    });
  }
}

/** Exit code 0 when it was done or is not followed, 1 when it was refused, failed, or its answer was not seen. */
export async function ask(session: Session, verb: Verb, app: Application): Promise<number> {
  const { options, out } = session;
  const made = await create(session, verb, app);
  const name = made.metadata.name ?? '';
  if (!options.wait) {
    out.result(`asked for as request ${name}`);
    return 0;
  }
  const answered = await follow<Request, Request>(
    session,
    { kind: requestKind, namespace: options.namespace, name, parse: parseRequest },
    {
      look: (now) => ((now?.status?.phase ?? 'Pending') === 'Pending' ? undefined : now),
      idle: () => `nobody has answered yet; does Coxswain run for namespace ${options.namespace}?`,
    },
  );
  if (!answered) {
    out.note(`cox: request ${name} is not answered yet`);
    return 1;
  }
  const { phase, message = '', result = {} } = answered.status ?? {};
  if (isData(options.format)) out.result(data(options.format, answered.status ?? null));
  else if (phase === 'Done') {
    // eslint-disable-next-line no-restricted-syntax -- an address that the sentence holds is not told a second time
    const more = Object.values(result).filter((text) => !message.includes(text));
    out.result([message, ...more].map(plain).join('\n'));
  } else out.note(`cox: ${plain(message)}`);
  return phase === 'Done' ? 0 : 1;
}
