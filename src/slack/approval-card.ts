// The card of an Approval: who waits for what, and what became of it.
import type { RichTextBlockElement, RichTextSection } from '@slack/types';
import type { Approval } from '../model/coxswain.ts';
import type { Effect, EffectOperation } from '../model/effect.ts';
import type { Card, CardPlace } from './card.ts';
import type { Part } from './text.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import { operationText } from '../policy/outside-text.ts';
import { applicationName, shortRevision } from '../model/application.ts';
import { isOpen } from '../engine/approval/approval.ts';
import { stricter } from '../policy/policy.ts';
import { authorsText, gateAfterText, hiddenText } from '../policy/gate-text.ts';
import { cox } from '../model/annotations.ts';
import { actionWords } from '../model/effect.ts';
import { fieldLines, valuePair } from './value.ts';
import { button, changeParts, headline, revisionFact } from './card.ts';
import { clip, code, count, diffBox, escapeMrkdwn, escapeText, facts, line, list, rich } from './text.ts';

const order = Object.keys(actionWords);
const mostOperations = 10;

/** What it destroys stands first. */
export function byRisk<T>(items: readonly T[], actionOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => order.indexOf(actionOf(a)) - order.indexOf(actionOf(b)));
}

/** `spec.template.spec.containers[name=api].image` → `containers[api].image`. */
function shortPath(path: string): string {
  return clip(path.replace(/^spec\.(template\.spec\.)?(?=.)/, '').replace(/\[name=([^[\]]+)\]/g, '[$1]'), 80);
}

function fieldsOf(operation: EffectOperation): Part[] {
  if (operation.op === 'hook') return [`  (${operation.phase})`];
  if (operation.op !== 'change') return [];
  const shown = operation.fields
    .slice(0, 3)
    .flatMap(([path], at): Part[] => [at === 0 ? '  ' : ', ', { code: shortPath(path) }]);
  return [...shown, ...(operation.fields.length > 3 ? [` and ${operation.fields.length - 3} more`] : [])];
}

function operationLine(operation: EffectOperation): Part[] {
  const { key } = operation;
  const name = key.name || (operation.op === 'hook' && operation.generateName ? `${operation.generateName}…` : '');
  return [
    `${actionWords[operation.op]}  `,
    { bold: key.kind },
    ` ${key.namespace ? `${key.namespace}/` : ''}${name}`,
    ...fieldsOf(operation),
  ];
}

/** What goes with an Application, counted: `🗑️ deletes 12 objects with application prod`. */
function goneLines(operations: EffectOperation[]): Part[][] {
  const gone = Map.groupBy(operations, (item) => (item.op === 'delete' ? item.with?.application : undefined) ?? '');
  gone.delete('');
  return [...gone].map(([application, items]) => [
    `${actionWords.delete}  ${count(items.length, 'object')} with application `,
    { bold: applicationName(application) },
  ]);
}

function operationList(operations: EffectOperation[]): RichTextBlockElement {
  const own = operations.filter((item) => item.op !== 'delete' || item.with === undefined);
  const lines = [...goneLines(operations), ...byRisk(own, (item) => item.op).map(operationLine)];
  return list(
    lines.length > mostOperations
      ? [...lines.slice(0, mostOperations), [`and ${lines.length - mostOperations} more`]]
      : lines,
  );
}

const [mostObjects, mostFields] = [3, 4];

/** The first fields with both values, masked: minus is live, plus is what would be applied. */
function firstValues({ spec: { digest } }: Approval, effect: Effect | undefined): RichTextBlockElement[] {
  if (effect?.digest !== digest) return [];
  const changed = effect.total.filter(({ action, changes }) => action === 'change' && changes.length > 0);
  return changed.slice(0, mostObjects).flatMap(({ key, changes }) => {
    const fields = changes
      .slice(0, mostFields)
      .flatMap((change) => fieldLines(shortPath(change.text), ...valuePair(change)));
    const more = changes.length - mostFields;
    const lines = [...fields, ...(more > 0 ? [`@@ and ${count(more, 'more field')}`] : [])];
    return [
      line({ bold: key.kind }, ` ${key.namespace ? `${key.namespace}/` : ''}${key.name}`),
      diffBox(lines.join('\n')),
    ];
  });
}

function operationCounts(operations: EffectOperation[]): string {
  const words: Record<Exclude<EffectOperation['op'], 'hook'>, string> = {
    delete: 'deleted',
    recreate: 'created anew',
    change: 'changed',
    create: 'created',
  };
  const many = Map.groupBy(
    byRisk(operations, (item) => item.op),
    (item) => item.op,
  );
  return [...many]
    .map(([op, items]) => (op === 'hook' ? count(items.length, 'hook') : `${items.length} ${words[op]}`))
    .join(', ');
}

interface Standing {
  icon: string;
  words: Part[];
  /** In the notification. */
  text: string;
  /** An error, in full. */
  detail?: string;
  final: boolean;
}

function standing(icon: string, words: Part[], more: Partial<Standing> = {}): Standing {
  const text = words
    .map((part) => (typeof part === 'string' ? part : 'code' in part ? part.code : 'bold' in part ? part.bold : ''))
    .join('');
  return { icon, words, text, final: false, ...more };
}

/** How far the approved sync has come, from the Application's own status. */
function following(approval: Approval, { app, unverified }: CardPlace): Standing {
  const state = app?.status?.operationState;
  const ours =
    state?.operation.info?.some((item) => item.name === cox.approvalInfo && item.value === approval.metadata.name) ??
    false;
  const applied = approval.status?.phase === 'Applied';
  const live: Part[] = ['is ', { bold: 'live' }, ' at ', { code: shortRevision(approval.spec.revision) }];
  if (!ours || !state)
    return applied ? standing('✅', live, { final: true }) : standing('🔵', ['is approved and about to sync']);
  if (state.phase === 'Failed' || state.phase === 'Error')
    return standing('❌', ['was approved, but its ', { bold: 'sync failed' }], {
      detail: operationText(state, { most: 900, lines: true }),
    });
  if (state.phase !== 'Succeeded')
    return standing('🔵', [
      'is ',
      { bold: 'syncing' },
      state.message ? `: ${operationText(state, { most: 200 })}` : '',
    ]);
  if (!applied && unverified)
    return unverified.length > 0
      ? standing('❌', ['was approved, and Argo CD reports it synced, but ', { bold: 'something is left' }], {
          detail: unverified.join('\n'),
        })
      : standing('🔵', ['is synced by what Argo CD reports; that is being verified']);
  const health = app?.status?.health?.status ?? 'Unknown';
  if (health === 'Healthy') return standing('✅', [...live, ' and ', { bold: 'Healthy' }], { final: applied });
  return health === 'Degraded'
    ? standing('❌', [...live, ', but ', { bold: 'Degraded' }])
    : standing('🔵', ['is synced to ', { code: shortRevision(approval.spec.revision) }, ` and ${health}`]);
}

function standingOf(approval: Approval, place: CardPlace): Standing {
  const { phase = 'Pending', message = '', rejectedBy, reason } = approval.status ?? {};
  if (phase === 'Pending') return standing('🟡', [{ bold: 'waits for approval' }]);
  if (phase === 'Rejected') {
    const by = `${rejectedBy ? ` by ${rejectedBy.login}` : ''}${reason ? `: ${reason}` : ''}`;
    return standing('⛔', ['was ', { bold: 'rejected' }, clip(by, 600)], { final: true });
  }
  if (phase === 'Expired')
    return standing('⌛', ['asked for approval, which has ', { bold: 'expired' }, `: ${clip(message, 600)}`], {
      final: true,
    });
  if (phase === 'Superseded')
    return standing('⚪', ['asked for approval, which is ', { bold: 'void' }, ` now: ${clip(message, 600)}`], {
      final: true,
    });
  return following(approval, place);
}

/** Gates count that the change would loosen elsewhere. */
function policyOf(
  { spec }: Approval,
  { policy }: CardPlace,
): Pick<EffectivePolicy, 'approvals' | 'approvers'> | undefined {
  if (!spec.policy || !policy) return spec.policy ?? policy;
  return stricter(policy, { ...policy, ...spec.policy });
}

function peopleFact(approval: Approval, place: CardPlace): string {
  const policy = policyOf(approval, place);
  const people = (approval.status?.approvals ?? []).map((item) => escapeMrkdwn(item.actor.login));
  const agreed = people.length > 0 ? `approved by ${people.join(', ')}` : '';
  if (!isOpen(approval)) return agreed;
  const lists = (policy?.approvers ?? []).map((entries) => entries.map(escapeMrkdwn).join(', '));
  const many = policy && policy.approvals > 1 ? `${policy.approvals} people` : 'one person';
  const asked = `needs ${many}${lists.length > 0 ? ` of ${lists.join(' and of ')}` : ''} who did not write it`;
  const why = hiddenText(approval.spec.unknown ?? []);
  const made = authorsText(approval.spec.authors ?? []);
  const by = made ? `made by ${escapeMrkdwn(clip(made, 600))}` : '';
  const needed = [by, why ? `${asked}: ${escapeMrkdwn(clip(why, 300))}` : asked].filter(Boolean).join('  ·  ');
  return agreed ? `${agreed}  ·  ${needed}` : needed;
}

const mostGates = 5;

/** What stands of the gates that end with it. */
function gateLines({ spec: { gates = [] } }: Approval): RichTextSection[] {
  const lines = gates.slice(0, mostGates).map((gate): Part[] => ['🔓 ', { bold: clip(gateAfterText(gate), 400) }]);
  const more: Part[][] = gates.length > mostGates ? [[`and ${count(gates.length - mostGates, 'more gate')}`]] : [];
  return [...lines, ...more].map((parts) => line(...parts));
}

/** A pure function of the Approval, the Application and their policy. */
export function approvalCard(approval: Approval, place: CardPlace): Card {
  const { application, operations, revision, digest } = approval.spec;
  const state = standingOf(approval, place);
  const open = isOpen(approval);
  const closed = approval.status?.phase === 'Rejected' || approval.status?.phase === 'Expired';
  const change = changeParts(place);
  const folded = state.final || approval.status?.phase === 'Rejected';
  const elements: RichTextBlockElement[] = [
    line(...headline(state.icon, application, place, state.words)),
    ...(change.length > 0 ? [line(...change)] : []),
    ...(state.detail ? [diffBox(clip(state.detail, 1200))] : []),
    ...(folded || operations.length === 0 ? [] : [operationList(operations)]),
    ...(folded ? [] : firstValues(approval, place.effect)),
    ...(folded ? [] : [...gateLines(approval), ...(place.told ?? []).map((each) => line('⚠️ ', clip(each, 600)))]),
  ];
  const name = applicationName(application);
  const value = `${approval.metadata.namespace}/${approval.metadata.name}`;
  const reject = button({ id: 'approval_reject', text: 'Reject', value, style: 'danger' });
  return {
    text: escapeText(clip(`${name} ${state.text}`, 300)),
    blocks: [
      rich(...elements),
      facts(
        folded ? operationCounts(operations) : '',
        revisionFact(revision, place),
        folded ? '' : `digest ${code(digest.slice(0, 12))}`,
        peopleFact(approval, place),
      ),
      ...(open
        ? [
            {
              type: 'actions' as const,
              elements: [button({ id: 'approval_review', text: 'Review', value, style: 'primary' }), reject],
            },
          ]
        : []),
      ...(closed
        ? [{ type: 'actions' as const, elements: [button({ id: 'approval_reopen', text: 'Ask again', value })] }]
        : []),
    ],
    final: state.final,
  };
}

/** `2 changed, 1 deleted` and the application's name, for lists of what waits. */
export function approvalSummary(approval: Approval): string {
  return (
    `*${escapeMrkdwn(applicationName(approval.spec.application))}*  ` +
    escapeMrkdwn(operationCounts(approval.spec.operations) || count(0, 'operation'))
  );
}
