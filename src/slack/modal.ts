// The review modal: what exactly would be applied, and the one button that approves exactly that.
import type { KnownBlock, ModalView } from '@slack/types';
import type { Approval } from '../model/coxswain.ts';
import type { Effect, ObjectDiff } from '../model/effect.ts';
import type { CardPlace } from './card.ts';
import { applicationName } from '../model/application.ts';
import { isOpen } from '../engine/approval/approval.ts';
import { actionWords } from '../model/effect.ts';
import { gateAfterText } from '../policy/gate-text.ts';
import { diffObjects } from '../diff/diff.ts';
import { isObject, keyTitle } from '../model/kube.ts';
import { byRisk } from './approval-card.ts';
import { changeParts, headline, pageOf, revisionFact } from './card.ts';
import { clip, code, count, diffBox, escapeMrkdwn, facts, line, link, rich, section } from './text.ts';

/** What a submission carries back (Slack keeps it, at most 3,000 characters). */
interface ModalState {
  kind: 'approval';
  /** `namespace/name` of the Approval. */
  object: string;
  digest: string;
  /** Where the answer goes. */
  channel: string;
}

/** Slack's limit for a view. */
const mostBlocks = 100;
/** Of Slack's 250 KB for a view; a character may take several bytes. */
const mostCharacters = 60_000;
const boxLength = 2900;
const boxesPerObject = 4;

/** Undefined for what we did not write. */
export function readModalState(text: string): ModalState | undefined {
  const state: unknown = JSON.parse(text);
  if (!isObject(state) || state['kind'] !== 'approval') return undefined;
  const { object, digest, channel } = state;
  return typeof object === 'string' && typeof digest === 'string' && typeof channel === 'string'
    ? { kind: 'approval', object, digest, channel }
    : undefined;
}

/** The text in boxes of whole lines. */
function boxes(text: string): string[] {
  const found: string[] = [];
  let box = '';
  for (const each of text.split('\n')) {
    const next = clip(each, 1000);
    if (box !== '' && box.length + next.length + 1 > boxLength) {
      found.push(box);
      box = '';
    }
    box += box === '' ? next : `\n${next}`;
  }
  return [...found, box];
}

function objectBlocks(diff: ObjectDiff): KnownBlock[] {
  const place = diff.place ? code(`${diff.place.file}${diff.place.line ? `:${diff.place.line}` : ''}`) : '';
  const small = [place, ...diff.notes.map((note) => escapeMrkdwn(clip(note, 400)))];
  // What is deleted is named; all its lines in red would only hide the other changes.
  const text = diff.action === 'delete' ? '' : diffObjects(diff.before, diff.after);
  // An object that only stays as it is has a note and no difference.
  const verb = diff.action === 'change' && text === '' ? '📌 keeps' : actionWords[diff.action];
  const head = section(`${verb}  *${escapeMrkdwn(keyTitle(diff.key))}*`);
  const parts = text === '' ? [] : boxes(text);
  const shown = parts.slice(0, boxesPerObject).map((part) => rich(diffBox(part)));
  const left = parts.slice(boxesPerObject).join('\n').split('\n').length;
  return [
    head,
    ...(small.some((fact) => fact !== '') ? [facts(...small)] : []),
    ...shown,
    ...(parts.length > boxesPerObject ? [facts(`and ${count(left, 'more line')}`)] : []),
  ];
}

/** So many objects the warning names, in so many characters; then they need no entry of their own. */
const [mostNamed, mostNamedLength] = [8, 800];

function isDestroyed({ action }: ObjectDiff): boolean {
  return action === 'delete' || action === 'recreate';
}

function namesOf(diffs: ObjectDiff[]): string {
  return diffs.map((diff) => keyTitle(diff.key)).join(', ');
}

function weight(blocks: KnownBlock[]): number {
  return JSON.stringify(blocks).length;
}

/** Every object that fits into so many blocks, what it destroys first; `left` are those that do not. */
function changeBlocks(effect: Effect, most: number): { blocks: KnownBlock[]; left: number } {
  const blocks: KnownBlock[] = [];
  const destroyed = effect.total.filter(isDestroyed);
  const named = destroyed.length <= mostNamed && escapeMrkdwn(namesOf(destroyed)).length <= mostNamedLength;
  const all = byRisk([...effect.total, ...effect.hooks], (diff) => diff.action).filter(
    (diff) => !named || diff.action !== 'delete' || diff.notes.length > 0,
  );
  for (const [at, diff] of all.entries()) {
    const next = objectBlocks(diff);
    if (blocks.length + next.length > most || weight(blocks) + weight(next) > mostCharacters)
      return { blocks, left: all.length - at };
    blocks.push(...next);
  }
  return { blocks, left: 0 };
}

function alert(level: 'warning' | 'info', text: string): KnownBlock {
  return { type: 'alert', level, text: { type: 'mrkdwn', text: clip(text, 2900), verbatim: true } };
}

function warnings(effect: Effect): KnownBlock[] {
  const destroyed = effect.total.filter(isDestroyed);
  const names = (diffs: ObjectDiff[]): string => escapeMrkdwn(clip(namesOf(diffs), mostNamedLength));
  return [
    ...(destroyed.length > 0 ? [alert('warning', `This *deletes* ${names(destroyed)}.`)] : []),
    ...(effect.drift.length > 0 ? [alert('warning', `This *overwrites live edits* of ${names(effect.drift)}.`)] : []),
    ...effect.risks
      .slice(0, 3)
      .map((risk) => alert('warning', `${escapeMrkdwn(keyTitle(risk.key))}: ${escapeMrkdwn(risk.text)}`)),
    ...effect.notes.slice(0, 3).map((note) => alert('info', escapeMrkdwn(note))),
  ];
}

const mostGates = 5;

function gateWarnings({ spec: { gates = [] } }: Approval): KnownBlock[] {
  const shown = gates.slice(0, mostGates).map((gate) => gateAfterText(gate));
  const more = gates.length > mostGates ? [`and ${count(gates.length - mostGates, 'more gate')}`] : [];
  return shown.length === 0 ? [] : [alert('warning', `🔓 ${escapeMrkdwn([...shown, ...more].join('; '))}.`)];
}

function review(approval: Approval, effect: Effect, place: CardPlace): KnownBlock[] {
  const { application, digest, revision } = approval.spec;
  const change = changeParts(place);
  const page = link(pageOf(application, place.publicUrl), 'the page of the application');
  const above = [
    rich(
      line(...headline('🟡', application, place, ['would be changed like this'])),
      ...(change.length > 0 ? [line(...change)] : []),
    ),
    ...gateWarnings(approval),
    ...warnings(effect),
  ];
  const below: KnownBlock[] = [
    { type: 'divider' },
    facts(
      revisionFact(revision, place),
      `digest ${code(digest.slice(0, 12))}`,
      'You approve exactly this. A live edit or another merge voids it.',
    ),
  ];
  // one that tells what is left
  const { blocks, left } = changeBlocks(effect, mostBlocks - above.length - below.length - 1);
  const rest =
    left > 0
      ? [alert('warning', `*${count(left, 'more object')}* did not fit here. Look at ${page} before you approve.`)]
      : [];
  return [...above, ...blocks, ...rest, ...below];
}

/** A modal that only says something. */
export function noteModal(title: string, mrkdwn: string): ModalView {
  return {
    type: 'modal',
    title: { type: 'plain_text', text: clip(title, 24) },
    close: { type: 'plain_text', text: 'Close' },
    blocks: [section(mrkdwn)],
  };
}

function whyNot(approval: Approval, effect: Effect | undefined): string | undefined {
  if (!isOpen(approval))
    return (
      `This approval is ${(approval.status?.phase ?? '').toLowerCase()} already: ` +
      escapeMrkdwn(approval.status?.message ?? '')
    );
  if (effect === undefined)
    return 'What it would do is still being worked out. Close this and press *Review* again in a moment.';
  return effect.digest === approval.spec.digest
    ? undefined
    : 'What it would do has just changed. Close this and look at the newest card.';
}

/** Nobody approves unseen: without the effect at hand, or when it is another one by now, there is no button. */
export function approvalModal(
  approval: Approval,
  effect: Effect | undefined,
  place: CardPlace,
  channel: string,
): ModalView {
  const title = `Review ${applicationName(approval.spec.application)}`;
  const why = whyNot(approval, effect);
  if (why !== undefined || effect === undefined) return noteModal(title, why ?? '');
  const state: ModalState = {
    kind: 'approval',
    object: `${approval.metadata.namespace}/${approval.metadata.name}`,
    digest: approval.spec.digest,
    channel,
  };
  return {
    type: 'modal',
    callback_id: 'approval_submit',
    private_metadata: JSON.stringify(state),
    title: { type: 'plain_text', text: clip(title, 24) },
    close: { type: 'plain_text', text: 'Cancel' },
    submit: { type: 'plain_text', text: 'Approve' },
    blocks: review(approval, effect, place),
  };
}
