// The review modal: what exactly would be applied, and the one button that approves exactly that.
import type { KnownBlock, ModalView } from '@slack/types';
import type { Approval } from '../model/coxswain.ts';
import type { Effect, ObjectDiff } from '../model/effect.ts';
import { diffObjects } from '../diff/diff.ts';
import { keyTitle } from '../model/kube.ts';
import { clip, context, escapeMrkdwn, preformatted, section } from './text.ts';

/** What a submission carries back (Slack keeps it, at most 3,000 characters). */
export interface ModalState {
  kind: 'approval';
  /** `namespace/name` of the Approval. */
  object: string;
  digest: string;
}

const verbs: Record<ObjectDiff['action'], string> = { create: '➕ creates', change: '✏️ changes', delete: '🗑️ deletes', recreate: '♻️ recreates', hook: '▶️ runs' };
const budget = 60;

function objectBlocks(diff: ObjectDiff): KnownBlock[] {
  const notes = diff.notes.length > 0 ? `\n${diff.notes.map(escapeMrkdwn).join('\n')}` : '';
  const text = diff.action === 'delete' ? '' : diffObjects(diff.before, diff.after);
  return [section(`${verbs[diff.action]} *${escapeMrkdwn(keyTitle(diff.key))}*${notes}`), ...(text ? [preformatted(clip(text, 2900))] : [])];
}

function changeBlocks(effect: Effect): KnownBlock[] {
  const destructive = (diff: ObjectDiff): number => (diff.action === 'delete' || diff.action === 'recreate' ? 0 : 1);
  const blocks: KnownBlock[] = [];
  const all = [...effect.total, ...effect.hooks].sort((a, b) => destructive(a) - destructive(b));
  for (const [index, diff] of all.entries()) {
    const next = objectBlocks(diff);
    if (blocks.length + next.length > budget) return [...blocks, section(`and ${all.length - index} more objects; see the page`)];
    blocks.push(...next);
  }
  return blocks;
}

/** Nobody approves unseen: without the effect at hand, or when it is another one by now, there is no button. */
export function approvalModal(approval: Approval, effect: Effect | undefined): ModalView {
  const same = effect !== undefined && effect.digest === approval.spec.digest;
  const state: ModalState = { kind: 'approval', object: `${approval.metadata.namespace}/${approval.metadata.name}`, digest: approval.spec.digest };
  const name = approval.spec.application.slice(approval.spec.application.indexOf('/') + 1);
  const blocks = same
    ? [section(`*${escapeMrkdwn(name)}*: ${approval.spec.operations.length} operation(s)`), ...changeBlocks(effect), context(`digest \`${approval.spec.digest.slice(0, 12)}\` · a live edit or another merge voids this approval`)]
    : [section('The change is another one by now, or is still being worked out. Close this and look at the newest card.')];
  return {
    type: 'modal',
    callback_id: 'approval_submit',
    private_metadata: JSON.stringify(state),
    title: { type: 'plain_text', text: clip(`Review ${name}`, 24) },
    close: { type: 'plain_text', text: 'Cancel' },
    ...(same && { submit: { type: 'plain_text' as const, text: 'Approve' } }),
    blocks,
  };
}
