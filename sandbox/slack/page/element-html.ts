// Interactive elements as HTML controls; the page's script reads their data attributes.
import type { Values } from '../workspace/model.ts';
import type { SlackState } from '../workspace/state.ts';
import { isObject, objectsOf, stringOf, textOf, type Json, type JsonObject } from '../workspace/json.ts';
import { optionsOf } from '../block-kit/inputs.ts';
import { html, type Html } from './html.ts';
import { plain, textObject } from './mrkdwn.ts';

export interface Scene {
  state: SlackState;
  values: Values;
}

interface Control {
  scene: Scene;
  element: JsonObject;
  value: JsonObject | undefined;
  /** Names the control to the page's script. */
  attributes: Html;
}

function confirmOf(element: JsonObject): Html {
  const confirm = element['confirm'];
  if (!isObject(confirm)) return html``;
  const words = {
    title: textOf(confirm['title']) || 'Are you sure?',
    text: textOf(confirm['text']),
    confirm: textOf(confirm['confirm']) || 'Yes',
    deny: textOf(confirm['deny']) || 'Cancel',
    style: stringOf(confirm['style']),
  };
  return html` data-confirm="${JSON.stringify(words)}"`;
}

function button({ element, attributes }: Control): Html {
  const style = stringOf(element['style']);
  const url = stringOf(element['url']);
  return html`<button type="button" class="button ${style}" data-act="click" ${attributes}
    ${url && html`data-url="${url}"`}>${plain(textOf(element['text']))}${
      url && html`<span class="out">↗</span>`
    }</button>`;
}

function optionRow(option: JsonObject, selected: boolean): Html {
  const value = stringOf(option['value']) || textOf(option['text']);
  return html`<option value="${value}" ${selected && html`selected`}>${textOf(option['text'])}</option>`;
}

function overflow({ element, attributes }: Control): Html {
  const rows = objectsOf(element['options']).map(
    (option) =>
      html`<button type="button" class="menu-item" data-act="click" ${attributes}
        data-input="${stringOf(option['value']) || textOf(option['text'])}"
        ${
          stringOf(option['url']) && html`data-url="${stringOf(option['url'])}"`
        }>${plain(textOf(option['text']))}</button>`,
  );
  return html`<details class="overflow"><summary class="button" title="More actions">⋯</summary>
    <div class="menu">${rows}</div></details>`;
}

function selectedValue(value: JsonObject | undefined, key: string): string {
  const chosen: Json | undefined = value?.[key];
  return isObject(chosen) ? stringOf(chosen['value']) || textOf(chosen['text']) : stringOf(chosen);
}

function select({ element, attributes, value, scene }: Control): Html {
  const type = stringOf(element['type']);
  const named = (entries: [string, string][], key: string): Html[] =>
    entries.map(
      ([id, name]) =>
        html`<option value="${id}" ${id === selectedValue(value, key) && html`selected`}>${name}</option>`,
    );
  const people = [...scene.state.users.values()]
    .filter((user) => !user.isBot)
    .map((user): [string, string] => [user.id, user.name]);
  const rooms = [...scene.state.channels.values()]
    .filter((channel) => channel.kind !== 'im')
    .map((channel): [string, string] => [channel.id, `#${channel.name}`]);
  const groups = objectsOf(element['option_groups']);
  const chosen = selectedValue(value, 'selected_option');
  const rows = (list: JsonObject[]): Html[] =>
    list.map((option) => optionRow(option, stringOf(option['value']) === chosen));
  const options =
    type === 'users_select'
      ? named(people, 'selected_user')
      : type === 'conversations_select'
        ? named(rooms, 'selected_conversation')
        : type === 'channels_select'
          ? named(rooms, 'selected_channel')
          : groups.length > 0
            ? groups.map(
                (group) =>
                  html`<optgroup label="${textOf(group['label'])}">${rows(objectsOf(group['options']))}</optgroup>`,
              )
            : rows(optionsOf(element));
  return html`<select class="select" data-act="choose" ${attributes}><option
    value="">${textOf(element['placeholder']) || 'Select an item'}</option>${options}</select>`;
}

function externalSelect({ element, attributes, value }: Control): Html {
  const chosen = selectedValue(value, 'selected_option');
  return html`<span class="combo"><input class="text" data-act="suggest"
    data-min="${Number(element['min_query_length'] ?? 3)}" ${attributes} value="${chosen}"
    placeholder="${textOf(element['placeholder']) || 'Search'}" autocomplete="off"><span class="menu suggestions"
    hidden></span></span>`;
}

function choices(control: Control, kind: 'radio' | 'checkbox'): Html {
  const { element, value, attributes, scene } = control;
  const chosen =
    kind === 'radio'
      ? [selectedValue(value, 'selected_option')]
      : objectsOf(value?.['selected_options']).map((option) => stringOf(option['value']));
  const rows = objectsOf(element['options']).map((option) => {
    const own = stringOf(option['value']);
    return html`<label class="choice"><input type="${kind}" name="${stringOf(element['action_id'])}" value="${own}"
      ${chosen.includes(own) && html`checked`}><span>${textObject(scene.state, option['text'])}${
        isObject(option['description']) && html`<small>${textObject(scene.state, option['description'])}</small>`
      }</span></label>`;
  });
  return html`<div class="choices" data-act="pick" ${attributes}>${rows}</div>`;
}

function textInput({ element, attributes, value }: Control): Html {
  const shown = stringOf(value?.['value']);
  const hint = textOf(element['placeholder']);
  return element['multiline'] === true
    ? html`<textarea class="text" rows="4" data-act="type" ${attributes} placeholder="${hint}">${shown}</textarea>`
    : html`<input class="text" data-act="type" ${attributes} value="${shown}" placeholder="${hint}"
      autocomplete="off">`;
}

function multiSelect(control: Control): Html {
  const { element, value, attributes } = control;
  const chosen = objectsOf(value?.['selected_options']).map((option) => stringOf(option['value']));
  return html`<select class="select" multiple data-act="choose"
    ${attributes}>${optionsOf(element).map((option) =>
      optionRow(option, chosen.includes(stringOf(option['value']))),
    )}</select>`;
}

/** One element of an actions, section or input block. */
export function elementHtml(scene: Scene, blockId: string, element: JsonObject): Html {
  const type = stringOf(element['type']);
  const actionId = stringOf(element['action_id']);
  const attributes = html`data-block="${blockId}" data-action="${actionId}"${confirmOf(element)}`;
  const control: Control = { scene, element, value: scene.values[blockId]?.[actionId], attributes };
  if (type === 'button') return button(control);
  if (type === 'overflow') return overflow(control);
  if (type === 'plain_text_input') return textInput(control);
  if (type === 'external_select') return externalSelect(control);
  if (type === 'radio_buttons') return choices(control, 'radio');
  if (type === 'checkboxes') return choices(control, 'checkbox');
  if (type === 'multi_static_select') return multiSelect(control);
  if (type === 'datepicker')
    return html`<input type="date" class="text" data-act="choose" ${attributes}
      value="${selectedValue(control.value, 'selected_date')}">`;
  if (type === 'image')
    return html`<img class="thumb" src="${stringOf(element['image_url'])}" alt="${stringOf(element['alt_text'])}">`;
  return select(control);
}
