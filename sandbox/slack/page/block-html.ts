// Block Kit as HTML.
import { isList, isObject, objectsOf, stringOf, textOf, type Json, type JsonObject } from '../workspace/json.ts';
import { elementHtml, type Scene } from './element-html.ts';
import { html, type Html } from './html.ts';
import { plain, textObject } from './mrkdwn.ts';
import { markdown, richText } from './rich-text-html.ts';

function section(scene: Scene, block: JsonObject): Html {
  const accessory = block['accessory'];
  const fields = objectsOf(block['fields']);
  return html`<div class="block section">
    <div class="grow">${
      isObject(block['text']) && html`<div class="mrkdwn">${textObject(scene.state, block['text'])}</div>`
    }${
      fields.length > 0 &&
      html`<div class="fields">${fields.map(
        (field) => html`<div class="mrkdwn">${textObject(scene.state, field)}</div>`,
      )}</div>`
    }</div>${
      isObject(accessory) &&
      html`<div class="accessory">${elementHtml(scene, stringOf(block['block_id']), accessory)}</div>`
    }</div>`;
}

function context(scene: Scene, block: JsonObject): Html {
  const shown = objectsOf(block['elements']).map((element) =>
    element['type'] === 'image'
      ? html`<img class="mini" src="${stringOf(element['image_url'])}" alt="${stringOf(element['alt_text'])}">`
      : html`<span class="mrkdwn">${textObject(scene.state, element)}</span>`,
  );
  return html`<div class="block context">${shown}</div>`;
}

function actions(scene: Scene, block: JsonObject): Html {
  return html`<div class="block actions">${objectsOf(block['elements']).map((element) =>
    elementHtml(scene, stringOf(block['block_id']), element),
  )}</div>`;
}

function cell(scene: Scene, value: Json): Html {
  if (!isObject(value)) return html``;
  return value['type'] === 'rich_text' ? richText(scene.state, value) : plain(stringOf(value['text']));
}

function table(scene: Scene, block: JsonObject): Html {
  const settings = isList(block['column_settings']) ? block['column_settings'] : [];
  const align = (index: number): string => {
    const setting = settings[index];
    return isObject(setting) ? stringOf(setting['align']) : '';
  };
  const rows = (isList(block['rows']) ? block['rows'] : []).filter(isList);
  const shown = rows.map(
    (row, at) =>
      html`<tr>${row.map((value, index) =>
        at === 0
          ? html`<th class="${align(index)}">${cell(scene, value)}</th>`
          : html`<td class="${align(index)}">${cell(scene, value)}</td>`,
      )}</tr>`,
  );
  return html`<div class="block table"><table>${shown}</table></div>`;
}

function input(scene: Scene, block: JsonObject, error: string | undefined): Html {
  const element = block['element'];
  const blockId = stringOf(block['block_id']);
  return html`<div class="block input ${error && 'invalid'}"
    data-dispatch="${block['dispatch_action'] === true ? 'yes' : 'no'}"><label
    class="label">${plain(textOf(block['label']))}${
      block['optional'] === true && html` <span class="optional">(optional)</span>`
    }</label>${isObject(element) && elementHtml(scene, blockId, element)}${
      isObject(block['hint']) && html`<div class="hint">${plain(textOf(block['hint']))}</div>`
    }${error && html`<div class="error">${error}</div>`}</div>`;
}

function container(scene: Scene, block: JsonObject): Html {
  const title = isObject(block['rich_text_title'])
    ? richText(scene.state, block['rich_text_title'])
    : plain(textOf(block['title']));
  const inner = html`${
    isObject(block['subtitle']) && html`<div class="subtitle">${textObject(scene.state, block['subtitle'])}</div>`
  }${blocksHtml(scene, objectsOf(block['child_blocks']))}`;
  if (block['is_collapsible'] !== true)
    return html`<div class="block container"><div class="container-title">${title}</div>${inner}</div>`;
  return html`<details class="block container" data-keep="${stringOf(block['block_id'])}"
    ${block['default_collapsed'] !== true && html`open`}>
    <summary class="container-title">${title}</summary>${inner}</details>`;
}

const taskMarks: Record<string, string> = { pending: '○', in_progress: '◐', complete: '✓', error: '✗' };

function task(scene: Scene, block: JsonObject): Html {
  const status = stringOf(block['status']);
  const part = (name: string): Html | false => {
    const value = block[name];
    return isObject(value) && html`<div class="task-detail">${richText(scene.state, value)}</div>`;
  };
  const title = html`${stringOf(block['title'])}${part('details')}${part('output')}`;
  const mark = html`<span class="task-mark">${taskMarks[status] ?? ''}</span>`;
  return html`<div class="task ${status}">${mark}<span>${title}</span></div>`;
}

function image(block: JsonObject): Html {
  return html`<figure class="block image">${
    isObject(block['title']) && html`<figcaption>${plain(textOf(block['title']))}</figcaption>`
  }<img src="${stringOf(block['image_url'])}" alt="${stringOf(block['alt_text'])}"></figure>`;
}

/** `errors` by block_id, for the inputs of a modal. */
export function blocksHtml(scene: Scene, blocks: JsonObject[], errors: Record<string, string> = {}): Html {
  const one = (block: JsonObject): Html => {
    const type = stringOf(block['type']);
    if (type === 'section') return section(scene, block);
    if (type === 'header') return html`<div class="block header">${plain(textOf(block['text']))}</div>`;
    if (type === 'context') return context(scene, block);
    if (type === 'actions') return actions(scene, block);
    if (type === 'divider') return html`<hr class="block">`;
    if (type === 'rich_text') return html`<div class="block">${richText(scene.state, block)}</div>`;
    if (type === 'markdown') return html`<div class="block">${markdown(stringOf(block['text']))}</div>`;
    if (type === 'table') return table(scene, block);
    if (type === 'input') return input(scene, block, errors[stringOf(block['block_id'])]);
    if (type === 'image') return image(block);
    if (type === 'alert')
      return html`<div class="block alert ${stringOf(block['level'])}">${textObject(scene.state, block['text'])}</div>`;
    if (type === 'container') return container(scene, block);
    if (type === 'task_card') return html`<div class="block">${task(scene, block)}</div>`;
    return html`<div class="block plan">
      <div class="plan-title">${stringOf(block['title'])}</div>${objectsOf(block['tasks']).map((item) =>
        task(scene, item),
      )}</div>`;
  };
  return html`${blocks.map(one)}`;
}
