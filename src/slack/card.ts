// Cards as pure functions: an approval or a drift episode and its application in, blocks out.
import type { KnownBlock } from '@slack/types';
import type { Application } from '../model/application.ts';
import type { Approval, DriftEpisode, DriftedObject } from '../model/coxswain.ts';
import type { EffectOperation } from '../model/effect.ts';
import { keyTitle } from '../model/kube.ts';
import { clip, context, escapeMrkdwn, preformatted, section, short } from './text.ts';

export interface Card {
  /** For notifications and screen readers; at most 300 characters. */
  text: string;
  blocks: KnownBlock[];
}

export interface CardPlace {
  app: Application | undefined;
  environment: string | undefined;
  publicUrl: string;
}

function nameOf(application: string): string {
  return application.slice(application.indexOf('/') + 1);
}

function link(application: string, publicUrl: string): string {
  return `<${publicUrl}/applications/${application.split('/').map(encodeURIComponent).join('/')}|${escapeMrkdwn(nameOf(application))}>`;
}

function title(application: string, place: CardPlace): string {
  const where = place.environment ? ` in *${escapeMrkdwn(place.environment)}*` : '';
  return `*${link(application, place.publicUrl)}*${where}`;
}

const words: Record<EffectOperation['op'], string> = { create: 'creates', change: 'changes', delete: 'deletes', hook: 'runs', recreate: 'recreates' };

function operationLines(operations: EffectOperation[]): string {
  const lines = operations.map((item) => `${item.op === 'delete' || item.op === 'recreate' ? '!' : ' '} ${words[item.op].padEnd(9)}${keyTitle(item.key)}${item.op === 'change' ? ` (${item.fields.length} field${item.fields.length === 1 ? '' : 's'})` : ''}`);
  return lines.length > 12 ? [...lines.slice(0, 12), `  and ${lines.length - 12} more`].join('\n') : lines.join('\n');
}

/** How far the approved sync has come, from the Application's own status. */
function following(approval: Approval, app: Application | undefined): { icon: string; text: string } {
  const state = app?.status?.operationState;
  const ours = state?.operation.info?.some((item) => item.value === approval.metadata.name) ?? false;
  const health = app?.status?.health?.status ?? 'Unknown';
  if (!ours || !state) return { icon: '🔵', text: 'approved, about to sync' };
  if (state.phase === 'Failed' || state.phase === 'Error') return { icon: '❌', text: `sync failed: ${escapeMrkdwn(clip(state.message ?? '', 400))}` };
  if (state.phase !== 'Succeeded') return { icon: '🔵', text: `syncing: ${escapeMrkdwn(clip(state.message ?? '', 200))}` };
  return { icon: health === 'Healthy' ? '✅' : '🔵', text: `synced to \`${short(approval.spec.revision)}\` · ${health}` };
}

function head(approval: Approval, place: CardPlace): { icon: string; text: string } {
  const phase = approval.status?.phase ?? 'Pending';
  if (phase === 'Pending') return { icon: '🛂', text: 'waits for approval' };
  if (phase === 'Rejected') return { icon: '⛔', text: escapeMrkdwn(approval.status?.message ?? 'rejected') };
  if (phase === 'Superseded' || phase === 'Expired') return { icon: '⚪', text: `void: ${escapeMrkdwn(approval.status?.message ?? '')}` };
  return following(approval, place.app);
}

export function approvalCard(approval: Approval, place: CardPlace): Card {
  const { icon, text } = head(approval, place);
  const { application, operations, revision, pull } = approval.spec;
  const key = `${approval.metadata.namespace}/${approval.metadata.name}`;
  const pending = (approval.status?.phase ?? 'Pending') === 'Pending';
  const approvedBy = (approval.status?.approvals ?? []).map((item) => escapeMrkdwn(item.actor.login));
  const facts = [
    `revision \`${short(revision)}\``,
    `digest \`${approval.spec.digest.slice(0, 12)}\``,
    ...(pull ? [`pull request #${pull.number}`] : []),
    ...(approvedBy.length > 0 ? [`approved by ${approvedBy.join(', ')}`] : pending ? ['an author of the change cannot approve it'] : []),
  ];
  const blocks: KnownBlock[] = [section(`${icon} ${title(application, place)} ${text}`)];
  if (pending) blocks.push(preformatted(operationLines(operations)));
  blocks.push(context(facts.join(' · ')));
  if (pending) {
    blocks.push({
      type: 'actions',
      elements: [
        { type: 'button', action_id: 'approval_review', value: key, style: 'primary', text: { type: 'plain_text', text: 'Review' } },
        { type: 'button', action_id: 'approval_reject', value: key, style: 'danger', text: { type: 'plain_text', text: 'Reject' }, confirm: { title: { type: 'plain_text', text: 'Reject this change?' }, text: { type: 'plain_text', text: 'Nothing of it is applied. A new commit asks again.' }, confirm: { type: 'plain_text', text: 'Reject' }, deny: { type: 'plain_text', text: 'Cancel' } } },
      ],
    });
  }
  return { text: clip(`${nameOf(application)} ${text.replace(/[`*\u200b]/g, '')}`, 300), blocks };
}

function valueText(value: unknown): string {
  if (value === undefined) return '(absent)';
  return clip(typeof value === 'string' ? value : JSON.stringify(value), 160);
}

function objectLines(item: DriftedObject): string[] {
  if (item.kind === 'missing') return [`${keyTitle(item.key)}`, '-  is in Git', '+  is missing in the cluster'];
  if (item.kind === 'extra') return [`${keyTitle(item.key)}`, '-  is not in Git', '+  is in the cluster'];
  const shown = item.changes.slice(0, 4).flatMap((change) => [`  ${change.text}`, `- ${valueText(change.before)}   (Git)`, `+ ${valueText(change.after)}   (live)`]);
  return [keyTitle(item.key), ...shown, ...(item.changes.length > 4 ? [`  and ${item.changes.length - 4} more fields`] : [])];
}

function who(objects: DriftedObject[]): string {
  const by = objects.map((item) => item.by).find((item) => item !== undefined);
  return by ? `last written with \`${escapeMrkdwn(by.manager)}\`${by.at ? ` at ${by.at}` : ''}; the person is not known` : 'nobody is known to have written it';
}

const ended: Record<string, string> = { Healed: '✅', Reverted: '✅', Adopted: '📥', Superseded: '⚪', Snoozed: '💤' };

export function episodeCard(episode: DriftEpisode, place: CardPlace): Card {
  const phase = episode.status?.phase ?? 'Open';
  const objects = episode.status?.objects ?? [];
  const { application } = episode.spec;
  const fields = objects.reduce((sum, item) => sum + item.changes.length, 0);
  const count = `${objects.length} object${objects.length === 1 ? '' : 's'}, ${fields} field${fields === 1 ? '' : 's'}`;
  const by = episode.status?.endedBy ? ` by ${escapeMrkdwn(episode.status.endedBy.login)}` : '';
  if (phase !== 'Open' && phase !== 'Reverting') {
    const text = `${ended[phase] ?? '⚪'} ${title(application, place)} ${phase === 'Superseded' ? 'drifted further; see the newer card' : 'matches Git again'}`;
    const blocks = [section(text), context(`${escapeMrkdwn(episode.status?.message ?? '')}${by} · ${count} had drifted`)];
    return { text: clip(`${nameOf(application)}: ${episode.status?.message ?? phase}`, 300), blocks };
  }
  const lines = objects.slice(0, 3).map((item) => objectLines(item).join('\n'));
  const rest = objects.length > 3 ? `\nand ${objects.length - 3} more objects` : '';
  const blocks: KnownBlock[] = [
    section(`${phase === 'Open' ? '🟠' : '🔵'} ${title(application, place)} is *OutOfSync* · ${phase === 'Open' ? `drifted from Git: ${count}` : `${escapeMrkdwn(episode.status?.message ?? 'reverting')}`}`),
    preformatted(clip(lines.join('\n\n') + rest, 2800)),
    context(`${who(objects)} · Git \`${short(place.app?.status?.history?.at(-1)?.revision)}\` · self-heal is off`),
  ];
  if (phase === 'Open') {
    blocks.push({
      type: 'actions',
      elements: [
        { type: 'button', action_id: 'drift_revert', value: `${episode.metadata.namespace}/${episode.metadata.name}`, style: 'danger', text: { type: 'plain_text', text: 'Revert to Git' }, confirm: { title: { type: 'plain_text', text: 'Revert to Git?' }, text: { type: 'plain_text', text: clip(`Restores only: ${objects.map((item) => keyTitle(item.key)).join(', ')}`, 290) }, confirm: { type: 'plain_text', text: 'Revert' }, deny: { type: 'plain_text', text: 'Cancel' } } },
      ],
    });
  }
  return { text: clip(`${nameOf(application)} drifted from Git: ${count}`, 300), blocks };
}
