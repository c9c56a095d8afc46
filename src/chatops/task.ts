// One verb for one application and one person: what every act of the command room works on.
import type { Application } from '../model/application.ts';
import type { Request } from '../model/coxswain.ts';
import type { RequestDeps } from '../engine/request.ts';
import type { Authoriser, RbacPolicy } from '../policy/rbac.ts';
import type { Chat, ChatopsOptions } from './ports.ts';
import type { MergedPull } from './introduced-by.ts';
import type { Person } from './identity.ts';

export interface CarryOutDeps extends ChatopsOptions {
  authorise: (policy: RbacPolicy) => Promise<Authoriser>;
  /** Undefined where no chat is connected. */
  chat: Chat | undefined;
  signal: AbortSignal;
}

export interface Task {
  deps: CarryOutDeps;
  request: Request;
  person: Person;
  app: Application;
  /** Of the pull request in which a decision was asked for. */
  merged?: MergedPull | undefined;
}

/** The part that the engine's acts work with. */
export function requestDeps({ store, clock, authors, handOver }: CarryOutDeps): RequestDeps {
  return { store, clock, authors, handOver };
}
