// What the gate says: in which words a person reads who is asked, why, and what stands afterwards.
import type { ApprovalPhase, AskedEnvironment, Author, GateAfter, RememberedPolicy } from '../model/coxswain.ts';
import type { LoosenedGate } from './policy.ts';
import { applicationName } from '../model/application.ts';
import { keyTitle } from '../model/kube.ts';

/** Why two people must agree, as a clause; '' where they need not. */
export function hiddenText([first, ...more]: readonly string[]): string {
  return first === undefined
    ? ''
    : `nobody can tell all who made the change: ${first}${more.length > 0 ? `, and ${more.length} more such` : ''}`;
}

const authorsShown = 8;

/** `ann (wrote commit 1234567), bob (opened #7) and 3 more`; '' for nobody. */
export function authorsText(people: readonly Author[]): string {
  const shown = people.slice(0, authorsShown).map(({ login, did }) => `${login} (${did})`);
  const more = people.length > shown.length ? ` and ${people.length - shown.length} more` : '';
  return `${shown.join(', ')}${more}`;
}

/** Ends a sentence that says how many must agree. */
export function becauseUnknown(unknown: readonly string[]): string {
  return unknown.length > 0 ? `; two people must agree, for ${hiddenText(unknown)}` : '';
}

function environmentText({ environment, repository }: AskedEnvironment): string {
  return repository === '' ? environment : `${environment} of ${repository}`;
}

function askedText({ approvals, approvers, reviewers = [], expires }: RememberedPolicy): string {
  const lists = approvers.map((list) => list.join(' or ')).join(' and of ');
  return [
    `${approvals === 1 ? 'one person' : `${approvals} people`}${lists === '' ? '' : ` of ${lists}`}`,
    ...(reviewers.length > 0 ? [`the reviewers of environment ${reviewers.map(environmentText).join(' and ')}`] : []),
    ...(expires === undefined ? [] : [`who must decide within ${expires / 3600000} hours`]),
  ].join(', ');
}

/** What people agree to beside the effect, plain text: the end of a gate, or what it asks from then on. */
export function gateAfterText({ application, policy, gone }: GateAfter): string {
  const name = applicationName(application);
  if (gone) return `after this the gate of application ${name}, which is gone, holds no longer`;
  return `after this application ${name} asks ${policy.gated ? askedText(policy) : 'nobody'}`;
}

const metShown = 3;

/** What it would do to others, once each. */
export function metText(gates: readonly LoosenedGate[]): string {
  const deeds = [...new Set(gates.map(({ key, does }) => does ?? `loosen the gate of ${keyTitle(key)}`))];
  return (
    `${deeds.slice(0, metShown).join(', ')}` +
    `${deeds.length > metShown ? ` and ${deeds.length - metShown} more` : ''}`
  );
}

/** What became of it, and how it is asked for again. */
export function closedText(
  application: string,
  { name, phase, message }: { name: string; phase: ApprovalPhase; message?: string },
): string {
  return (
    `Approval/${name} is ${phase.toLowerCase()}${message ? ` (${message})` : ''}; ` +
    `\`/cox reopen ${application}\` asks for it again, and so does a new commit`
  );
}
