// Block Kit: rich text, whose text is always literal (source: @slack/types 3.2.0).
import { byType, flag, integer, list, object, oneOf, text, type Check } from './schema.ts';

const style = object({}, { bold: flag, code: flag, italic: flag, strike: flag, underline: flag });
const literal = object({ type: oneOf('text'), text: text({ min: 1 }) }, { style });
const link = object({ type: oneOf('link'), url: text({ min: 1, max: 3000 }) }, { text: text(), unsafe: flag, style });

const element = byType({
  text: literal,
  link,
  user: object({ type: oneOf('user'), user_id: text({ min: 1 }) }, { style }),
  channel: object({ type: oneOf('channel'), channel_id: text({ min: 1 }) }, { style }),
  usergroup: object({ type: oneOf('usergroup'), usergroup_id: text({ min: 1 }) }, { style }),
  team: object({ type: oneOf('team'), team_id: text({ min: 1 }) }, { style }),
  broadcast: object({ type: oneOf('broadcast'), range: oneOf('here', 'channel', 'everyone') }, { style }),
  emoji: object({ type: oneOf('emoji'), name: text({ min: 1 }) }, { unicode: text(), url: text(), style }),
  color: object({ type: oneOf('color'), value: text({ min: 1 }) }, { style }),
  date: object(
    { type: oneOf('date'), timestamp: integer({ min: 0 }), format: text({ min: 1 }) },
    { url: text(), fallback: text(), style },
  ),
});

const section = object({ type: oneOf('rich_text_section'), elements: list(element) });
const border = oneOf(0, 1);

/** The elements of a rich_text block. */
export const richTextElement: Check = byType({
  rich_text_section: section,
  rich_text_list: object(
    { type: oneOf('rich_text_list'), style: oneOf('bullet', 'ordered'), elements: list(section) },
    { indent: integer({ min: 0, max: 8 }), offset: integer({ min: 0 }), border },
  ),
  rich_text_quote: object({ type: oneOf('rich_text_quote'), elements: list(element) }, { border }),
  // docs.slack.dev names `language`; the published types do not have it yet.
  rich_text_preformatted: object(
    { type: oneOf('rich_text_preformatted'), elements: list(byType({ text: literal, link })) },
    { border, language: text() },
  ),
});
