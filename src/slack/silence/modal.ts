// The modal that asks until when something is to be silent, and why.
import type { ViewStateValue } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { DriftEpisode } from '../../model/coxswain.ts';
import type { CardPlace } from '../card.ts';
import { applicationName } from '../../model/application.ts';
import { isObject, keyTitle } from '../../model/kube.ts';
import { untilExamples } from '../../policy/until.ts';
import { headline } from '../card.ts';
import { clip, line, rich } from '../text.ts';

/** What a submission carries back (Slack keeps it, at most 3,000 characters). */
interface SilenceState {
  kind: 'silence';
  act: 'snooze';
  /** `namespace/name` of the DriftEpisode. */
  object: string;
  channel: string;
}

/** Undefined for what we did not write. */
export function readSilenceState(text: string): SilenceState | undefined {
  const state: unknown = JSON.parse(text);
  if (!isObject(state) || state['kind'] !== 'silence' || state['act'] !== 'snooze') return undefined;
  const { object, channel } = state;
  return typeof object === 'string' && typeof channel === 'string'
    ? { kind: 'silence', act: 'snooze', object, channel }
    : undefined;
}

/** Block and element of each input have one name. */
export const inputs = { choice: 'until', other: 'other', reason: 'reason' } as const;

const choices = { '1h': '1 hour', '4h': '4 hours', 'tomorrow 09:00': 'Until tomorrow 09:00' };

interface Answers {
  until: string;
  /** The input that said it. */
  from: (typeof inputs)[keyof typeof inputs];
  reason: string;
}

/** What was written counts before what was chosen. */
export function answersOf(values: Record<string, Record<string, ViewStateValue>>): Answers {
  const other = values[inputs.other]?.[inputs.other]?.value?.trim() ?? '';
  const chosen = values[inputs.choice]?.[inputs.choice]?.selected_option?.value ?? '';
  const reason = values[inputs.reason]?.[inputs.reason]?.value?.trim() ?? '';
  return { until: other || chosen, from: other === '' ? inputs.choice : inputs.other, reason };
}

function plainText(text: string): { type: 'plain_text'; text: string } {
  return { type: 'plain_text', text };
}

function inputBlocks(timeZone: string): KnownBlock[] {
  const options = Object.entries(choices).map(([value, text]) => ({ text: plainText(text), value }));
  const [first] = options;
  return [
    {
      type: 'input',
      block_id: inputs.choice,
      label: plainText('How long'),
      element: {
        type: 'static_select',
        action_id: inputs.choice,
        options,
        ...(first && { initial_option: first }),
      },
    },
    {
      type: 'input',
      block_id: inputs.other,
      optional: true,
      label: plainText('Or another time'),
      hint: plainText(clip(`Counts instead, at most a week. Times of day are those of ${timeZone}.`, 150)),
      element: {
        type: 'plain_text_input',
        action_id: inputs.other,
        max_length: 40,
        placeholder: plainText(untilExamples),
      },
    },
    {
      type: 'input',
      block_id: inputs.reason,
      optional: true,
      label: plainText('Why'),
      hint: plainText('Needed for a day or longer. Stands on the card.'),
      element: { type: 'plain_text_input', action_id: inputs.reason, multiline: true, max_length: 500 },
    },
  ];
}

/** Leaves exactly this drift for a time. */
export function snoozeModal(
  episode: DriftEpisode,
  { place, channel, timeZone }: { place: CardPlace; channel: string; timeZone: string },
): ModalView {
  const { application } = episode.spec;
  const object = `${episode.metadata.namespace}/${episode.metadata.name}`;
  const state: SilenceState = { kind: 'silence', act: 'snooze', object, channel };
  const names = (episode.status?.objects ?? []).map(({ key }) => keyTitle(key)).join(', ');
  return {
    type: 'modal',
    callback_id: 'silence_submit',
    private_metadata: JSON.stringify(state),
    title: plainText(clip(`Snooze ${applicationName(application)}`, 24)),
    close: plainText('Cancel'),
    submit: plainText('Snooze'),
    blocks: [
      rich(
        line(...headline('💤', application, place, ['stays as it is, and its card is quiet until then'])),
        line(`This drift alone: ${clip(names, 600)}. Another one is told at once.`),
      ),
      ...inputBlocks(timeZone),
    ],
  };
}
