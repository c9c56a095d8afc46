// Block Kit: composition objects and interactive elements with Slack's limits (source: @slack/types 3.2.0,
// docs.slack.dev).
import { canonicalJson } from '../../../src/base/canonical.ts';
import { isList, isObject, objectsOf, type Json } from '../workspace/json.ts';
import {
  both,
  byType,
  flag,
  integer,
  list,
  matching,
  object,
  oneOf,
  rule,
  text,
  type Bounds,
  type Check,
} from './schema.ts';

export function plainText(bounds: Bounds): Check {
  return object({ type: oneOf('plain_text'), text: text({ min: 1, ...bounds }) }, { emoji: flag });
}

function mrkdwn(bounds: Bounds): Check {
  return object({ type: oneOf('mrkdwn'), text: text({ min: 1, ...bounds }) }, { verbatim: flag });
}

export function anyText(bounds: Bounds): Check {
  return byType({ plain_text: plainText(bounds), mrkdwn: mrkdwn(bounds) });
}

const url = both(text({ min: 1, max: 3000 }), matching(/^(https?|mailto|slack):/i, 'an absolute URL'));
export const id = text({ min: 1, max: 255 });

const confirm = object(
  { text: anyText({ max: 300 }) },
  {
    title: plainText({ max: 100 }),
    confirm: plainText({ max: 30 }),
    deny: plainText({ max: 30 }),
    style: oneOf('primary', 'danger'),
  },
);

function option(label: Check, more: Record<string, Check> = {}): Check {
  return object({ text: label, value: text({ max: 150 }) }, { description: anyText({ max: 75 }), ...more });
}

const plainOption = option(plainText({ max: 75 }));
const richOption = option(anyText({ max: 75 }));
const linkOption = option(plainText({ max: 75 }), { url });
const optionGroup = object({ label: plainText({ max: 75 }), options: list(plainOption, { min: 1, max: 100 }) });
const placeholder = plainText({ max: 150 });
const common = { action_id: id, confirm, focus_on_load: flag };

function offered(value: Record<string, unknown>): Json[] {
  const options = value['options'];
  const groups = value['option_groups'];
  return [
    ...(isList(options) ? options : []),
    ...(isList(groups) ? groups.filter(isObject).flatMap((group) => objectsOf(group['options'])) : []),
  ];
}

/** Slack refuses an initial option that is not exactly one of the options. */
const initialIsOffered = rule('initial_option must be one of the options', (value) => {
  const initial = value['initial_options'] ?? value['initial_option'];
  if (initial === undefined) return true;
  const known = new Set(offered(value).map(canonicalJson));
  return (isList(initial) ? initial : [initial]).every((item) => known.has(canonicalJson(item)));
});

const optionsOrGroups = rule(
  'exactly one of options and option_groups is required',
  (value) => 'options' in value !== 'option_groups' in value,
);

const choices = {
  options: list(plainOption, { min: 1, max: 100 }),
  option_groups: list(optionGroup, { min: 1, max: 100 }),
  placeholder,
};

const button = object(
  { type: oneOf('button'), text: plainText({ max: 75 }) },
  {
    action_id: id,
    value: text({ max: 2000 }),
    url,
    style: oneOf('primary', 'danger'),
    confirm,
    accessibility_label: text({ max: 75 }),
  },
);
const overflow = object(
  { type: oneOf('overflow'), options: list(linkOption, { min: 1, max: 5 }) },
  { action_id: id, confirm },
);
const staticSelect = both(
  object({ type: oneOf('static_select') }, { ...common, ...choices, initial_option: plainOption }),
  optionsOrGroups,
  initialIsOffered,
);
const multiStaticSelect = both(
  object(
    { type: oneOf('multi_static_select') },
    { ...common, ...choices, initial_options: list(plainOption), max_selected_items: integer({ min: 1 }) },
  ),
  optionsOrGroups,
  initialIsOffered,
);
const externalSelect = object(
  { type: oneOf('external_select') },
  { ...common, placeholder, initial_option: plainOption, min_query_length: integer({ min: 0 }) },
);
const usersSelect = object({ type: oneOf('users_select') }, { ...common, placeholder, initial_user: text() });
const channelsSelect = object(
  { type: oneOf('channels_select') },
  { ...common, placeholder, initial_channel: text(), response_url_enabled: flag },
);
const conversationFilter = object(
  {},
  {
    include: list(oneOf('im', 'mpim', 'private', 'public'), { min: 1 }),
    exclude_external_shared_channels: flag,
    exclude_bot_users: flag,
  },
);
const conversationsSelect = object(
  { type: oneOf('conversations_select') },
  {
    ...common,
    placeholder,
    initial_conversation: text(),
    default_to_current_conversation: flag,
    response_url_enabled: flag,
    filter: conversationFilter,
  },
);
const radioButtons = both(
  object(
    { type: oneOf('radio_buttons'), options: list(richOption, { min: 1, max: 10 }) },
    { ...common, initial_option: richOption },
  ),
  initialIsOffered,
);
const checkboxes = both(
  object(
    { type: oneOf('checkboxes'), options: list(richOption, { min: 1, max: 10 }) },
    { ...common, initial_options: list(richOption, { min: 1 }) },
  ),
  initialIsOffered,
);
const datepicker = object(
  { type: oneOf('datepicker') },
  { ...common, placeholder, initial_date: matching(/^\d{4}-\d{2}-\d{2}$/, 'YYYY-MM-DD') },
);
const dispatchConfig = object(
  {},
  { trigger_actions_on: list(oneOf('on_enter_pressed', 'on_character_entered'), { min: 1 }) },
);
const plainTextInput = object(
  { type: oneOf('plain_text_input') },
  {
    action_id: id,
    placeholder,
    focus_on_load: flag,
    multiline: flag,
    dispatch_action_config: dispatchConfig,
    initial_value: text({ max: 3000 }),
    min_length: integer({ min: 0, max: 3000 }),
    max_length: integer({ min: 1, max: 3000 }),
  },
);
const slackFile = object({}, { url: text(), id: text() });
const oneImageSource = rule(
  'exactly one of image_url and slack_file is required',
  (value) => 'image_url' in value !== 'slack_file' in value,
);
export const imageSource = { image_url: url, slack_file: slackFile };
export const imageElement = both(
  object({ type: oneOf('image'), alt_text: text({ max: 2000 }) }, imageSource),
  oneImageSource,
);
export { oneImageSource };

const selects = {
  static_select: staticSelect,
  external_select: externalSelect,
  users_select: usersSelect,
  channels_select: channelsSelect,
  conversations_select: conversationsSelect,
};
const chosen = {
  ...selects,
  multi_static_select: multiStaticSelect,
  radio_buttons: radioButtons,
  checkboxes,
  datepicker,
};

/** What an actions block may hold. */
export const actionElement: Check = byType({ button, overflow, ...chosen });
/** What may stand beside a section's text. */
export const accessory: Check = byType({ button, overflow, ...chosen, image: imageElement });
/** What an input block may hold. */
export const inputElement: Check = byType({ ...chosen, plain_text_input: plainTextInput });
/** What a container or task may show as its icon or context. */
export const contextElement: Check = byType({
  image: imageElement,
  plain_text: plainText({ max: 3000 }),
  mrkdwn: mrkdwn({ max: 3000 }),
});

/** What a dynamic select may be answered: options or groups, at most 100. */
export const suggestions: Check = both(
  object({}, { options: list(plainOption, { max: 100 }), option_groups: list(optionGroup, { max: 100 }) }),
  optionsOrGroups,
);
