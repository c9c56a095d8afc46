// The modals behind buttons that destroy or refuse something: what exactly, why, and the one button that does it.
import type { KnownBlock, ModalView } from '@slack/types';
import type { Approval, DriftedObject, DriftEpisode } from '../model/coxswain.ts';
import type { Report } from '../model/report.ts';
import type { CardPlace } from './card.ts';
import { applicationName } from '../model/application.ts';
import { isObject, keyTitle } from '../model/kube.ts';
import { headline, revisionFact } from './card.ts';
import { noteModal } from './modal.ts';
import { clip, code, count, escapeMrkdwn, facts, line, moment, rich } from './text.ts';
import { objectElements } from './drift-card.ts';

type Act = 'reject' | 'heal' | 'revert';

/** What a submission carries back (Slack keeps it, at most 3,000 characters). */
export interface ReasonState {
  kind: 'reason';
  act: Act;
  /** `namespace/name` of the Approval, DriftEpisode or Report. */
  object: string;
  /** What the person was shown. */
  digest?: string;
  channel: string;
}

/** Block and element of the input. */
export const reasonInput = { block: 'reason', action: 'reason' } as const;

function isAct(text: unknown): text is Act {
  return text === 'reject' || text === 'heal' || text === 'revert';
}

/** Undefined for what we did not write. */
export function readReasonState(text: string): ReasonState | undefined {
  const state: unknown = JSON.parse(text);
  if (!isObject(state) || state['kind'] !== 'reason') return undefined;
  const { act, object, digest, channel } = state;
  if (!isAct(act) || typeof object !== 'string' || typeof channel !== 'string') return undefined;
  return { kind: 'reason', act, object, channel, ...(typeof digest === 'string' && { digest }) };
}

interface Asked {
  act: Act;
  object: string;
  digest?: string | undefined;
  channel: string;
  title: string;
  submit: string;
  blocks: KnownBlock[];
}

function reasonModal({ act, object, digest, channel, title, submit, blocks }: Asked): ModalView {
  const state: ReasonState = { kind: 'reason', act, object, channel, ...(digest !== undefined && { digest }) };
  return {
    type: 'modal',
    callback_id: 'reason_submit',
    private_metadata: JSON.stringify(state),
    title: { type: 'plain_text', text: clip(title, 24) },
    close: { type: 'plain_text', text: 'Cancel' },
    submit: { type: 'plain_text', text: submit },
    blocks: [
      ...blocks,
      {
        type: 'input',
        block_id: reasonInput.block,
        label: { type: 'plain_text', text: 'Why' },
        element: { type: 'plain_text_input', action_id: reasonInput.action, multiline: true, max_length: 500 },
      },
    ],
  };
}

/** Nothing is rejected without a word to its authors. */
export function rejectModal(approval: Approval, place: CardPlace, channel: string): ModalView {
  const { application, digest, revision } = approval.spec;
  return reasonModal({
    act: 'reject',
    object: `${approval.metadata.namespace}/${approval.metadata.name}`,
    digest,
    channel,
    title: 'Reject this change',
    submit: 'Reject',
    blocks: [
      rich(
        line(...headline('⛔', application, place, ['stays as it is'])),
        line('Nothing of it is applied, and its authors read why. “Ask again” on the card takes it back.'),
      ),
      facts(revisionFact(revision, place), `digest ${code(digest.slice(0, 12))}`),
    ],
  });
}

/** Fields of one object. */
const mostFields = 30;
/** Of Slack's 100 blocks and 250 KB for a view. */
const [mostObjects, mostCharacters] = [60, 60_000];

/** Every object that fits, in blocks of its own, and how many do not. */
function driftBlocks(objects: readonly DriftedObject[], left: number): KnownBlock[] {
  const blocks: KnownBlock[] = [];
  let size = 0;
  for (const item of objects.slice(0, mostObjects)) {
    const block = rich(...objectElements(item, mostFields));
    size += JSON.stringify(block).length;
    if (size > mostCharacters) break;
    blocks.push(block);
  }
  const rest = objects.slice(blocks.length);
  const names = rest.map((item) => keyTitle(item.key)).join(', ');
  const more = rest.length + left;
  return more === 0 ? blocks : [...blocks, rich(line(`and ${count(more, 'more object')}: ${clip(names, 1500)}`))];
}

/** All that differs, for whoever may look. */
export function driftModal(episode: DriftEpisode, place: CardPlace): ModalView {
  const { application, openedAt } = episode.spec;
  const { objects = [], left = 0, message = '' } = episode.status ?? {};
  return {
    type: 'modal',
    title: { type: 'plain_text', text: clip(`Drift of ${applicationName(application)}`, 24) },
    close: { type: 'plain_text', text: 'Close' },
    blocks: [
      rich(line(...headline('🟠', application, place, [message || 'the cluster differs from Git']))),
      ...driftBlocks(objects, left),
      facts('Minus is live, plus is Git.', `seen ${moment(openedAt)}`),
    ],
  };
}

/**
 * What would be put back, as it stands now. `now`: fingerprint of the drift as it was last seen; undefined while that
 * is not known.
 */
export function healModal(
  episode: DriftEpisode,
  { place, now, channel }: { place: CardPlace; now: string | undefined; channel: string },
): ModalView {
  const { application, fingerprint } = episode.spec;
  const { phase = 'Open', message = '', objects = [], left = 0 } = episode.status ?? {};
  if (phase !== 'Open' && phase !== 'Snoozed')
    return noteModal('Heal', `There is nothing to heal any more: ${escapeMrkdwn(message || phase)}`);
  if (now !== undefined && now !== fingerprint)
    return noteModal('Heal', 'The cluster has just changed again. Close this and look at the newest card.');
  return reasonModal({
    act: 'heal',
    object: `${episode.metadata.namespace}/${episode.metadata.name}`,
    digest: fingerprint,
    channel,
    title: `Heal ${applicationName(application)}`,
    submit: 'Heal',
    blocks: [
      rich(
        line(
          ...headline('🟠', application, place, [
            'is put back to Git: ',
            { bold: count(objects.length, 'object') },
            ' and nothing else',
          ]),
        ),
      ),
      ...driftBlocks(objects, left),
      facts('Minus is what would be lost, plus is Git.', 'A further edit voids this.'),
    ],
  });
}

/** The pull request is what changes something; this only asks for it. */
export function revertModal(report: Report, place: CardPlace, channel: string): ModalView {
  const { application, revision } = report.spec;
  return reasonModal({
    act: 'revert',
    object: `${report.metadata.namespace}/${report.metadata.name}`,
    channel,
    title: `Revert ${applicationName(application)}`,
    submit: 'Open pull request',
    blocks: [
      rich(
        line(...headline('↩️', application, place, ['gets a pull request that takes its last deploy back'])),
        line('Nothing in the cluster changes until it is merged.'),
      ),
      facts(revisionFact(revision, place)),
    ],
  });
}
