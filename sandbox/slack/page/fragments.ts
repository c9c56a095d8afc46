// The pieces of the page: the sidebar, a channel's conversation, and a person's open modal.
import type { Channel, Ephemeral, Message, Notice, User, View } from '../workspace/model.ts';
import type { SlackState } from '../workspace/state.ts';
import { isObject, objectsOf, stringOf, textOf } from '../workspace/json.ts';
import { blocksHtml } from './block-html.ts';
import { emojiOf } from './emoji.ts';
import { html, type Html, type Part } from './html.ts';
import { mrkdwn } from './mrkdwn.ts';

const hues = [204, 152, 280, 24, 340, 176, 48];

/** A ship's wheel for the app, initials on a colour for people. */
export function avatar(user: User | undefined, size = ''): Html {
  if (!user) return html`<span class="avatar system ${size}">#</span>`;
  if (user.isBot) {
    const spokes = [0, 45, 90, 135].map(
      (turn) => html`<line x1="12" y1="2.5" x2="12" y2="21.5" transform="rotate(${turn} 12 12)"/>`,
    );
    return html`<span class="avatar bot ${size}"><svg viewBox="0 0 24 24" fill="none" stroke="#fff" stroke-width="1.6"
      stroke-linecap="round"><circle cx="12" cy="12" r="6.2"/><circle cx="12" cy="12" r="1.6"
      fill="#fff"/>${spokes}</svg></span>`;
  }
  const seed = [...user.name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return html`<span class="avatar ${size}"
    style="background:hsl(${hues[seed % hues.length] ?? 0} 45% 42%)">${user.realName.slice(0, 1).toUpperCase()}</span>`;
}

export function sidebar(state: SlackState, current: Channel, connected: number): Html {
  const row = (channel: Channel, label: Part, mark: Part): Html =>
    html`<a class="row ${channel === current && 'current'}" href="#${channel.id}"
      data-last="${channel.messages.at(-1)?.ts ?? ''}" data-channel-id="${channel.id}"><span
      class="mark">${mark}</span>${label}</a>`;
  const channels = [...state.channels.values()];
  return html`<div class="workspace">${state.team.name}<span class="chevron">▾</span></div>
<div class="group">Channels</div>${channels
    .filter((channel) => channel.kind !== 'im')
    .map((channel) => row(channel, channel.name, channel.kind === 'private' ? '🔒' : '#'))}
<div class="group">Apps</div>${channels
    .filter((channel) => channel.kind === 'im')
    .map((channel) =>
      row(
        channel,
        `${state.botUser.name} with ${state.users.get(channel.name)?.name ?? channel.name}`,
        avatar(state.botUser, 'small'),
      ),
    )}
<div class="row app"><span class="mark">${avatar(state.botUser, 'small')}</span>${state.botUser.name}<span
class="presence ${connected > 0 ? 'on' : 'off'}" title="${connected} open sockets"></span></div>`;
}

function timeOf(ts: string): string {
  return new Date(Number(ts.split('.')[0]) * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

function content(state: SlackState, message: Message | Ephemeral): Html {
  const scene = { state, values: message.values };
  const body =
    message.blocks.length > 0
      ? blocksHtml(scene, message.blocks)
      : html`<div class="block mrkdwn">${mrkdwn(state, message.text)}</div>`;
  const bars = message.attachments.map((attachment) => {
    const color = stringOf(attachment['color']);
    const named: Record<string, string> = { good: '#2eb67d', warning: '#ecb22e', danger: '#e01e5a' };
    const shown = named[color] ?? (/^#?[0-9a-f]{6}$/i.test(color) ? `#${color.replace('#', '')}` : '#dddddd');
    return html`<div class="attachment" style="border-color:${shown}">${
      stringOf(attachment['text']) && html`<div class="mrkdwn">${mrkdwn(state, stringOf(attachment['text']))}</div>`
    }${blocksHtml(scene, objectsOf(attachment['blocks']))}</div>`;
  });
  const text = message.blocks.length === 0 && message.text === '' ? html`` : body;
  return html`${text}${bars}`;
}

function reactions(message: Message): Html | false {
  return (
    message.reactions.length > 0 &&
    html`<div class="reactions">${message.reactions.map(
      ({ name, users }) => html`<span class="reaction" title=":${name}:">${emojiOf(name)} ${users.length}</span>`,
    )}</div>`
  );
}

interface Line {
  ts: string;
  html: Html;
}

function messageLine(state: SlackState, channel: Channel, message: Message): Line {
  const user = state.users.get(message.user);
  const replies = channel.messages.filter((other) => other.threadTs === message.ts && other !== message);
  const badge = user?.isBot && html`<span class="badge">APP</span>`;
  const time = html`<a class="time" href="#${channel.id}/${message.ts}">${timeOf(message.ts)}</a>`;
  const edited = message.editedTs && html`<span class="edited">(edited)</span>`;
  const thread =
    replies.length > 0 &&
    html`<div class="thread">
      <div class="thread-title">${replies.length} ${replies.length === 1 ? 'reply' : 'replies'}</div>${replies.map(
        (reply) => messageLine(state, channel, reply).html,
      )}</div>`;
  return {
    ts: message.ts,
    html: html`<article class="message" id="p${message.ts.replace('.', '')}" data-ts="${message.ts}">
      ${avatar(user)}<div class="body">
      <div class="by"><b>${user?.name ?? message.user}</b>${badge}${time}</div>
      ${content(state, message)}${edited}${reactions(message)}${thread}</div></article>`,
  };
}

function ephemeralLine(state: SlackState, message: Ephemeral): Line {
  const user = state.users.get(message.from);
  return {
    ts: message.ts,
    html: html`<article class="message ephemeral" data-ts="${message.ts}">${avatar(user)}<div class="body">
      <div class="only">👁 Only visible to you</div><div class="by"><b>${user?.name ?? ''}</b><span
      class="badge">APP</span><span class="time">${timeOf(message.ts)}</span></div>${content(state, message)}</div>
      </article>`,
  };
}

function noticeLine(notice: Notice): Line {
  return {
    ts: notice.ts,
    html: html`<article class="message ephemeral">${avatar(undefined)}<div class="body"><div class="only">👁 Only
      visible to you</div><div class="by"><b>Slackbot</b><span class="time">${timeOf(notice.ts)}</span></div>
      <div class="block mrkdwn"><span class="trouble">⚠</span> ${notice.text}</div></div></article>`,
  };
}

/** Everything the person sees in the channel, oldest first. */
export function conversation(state: SlackState, channel: Channel, user: User): Html {
  const lines = [
    ...channel.messages
      .filter((message) => !message.threadTs || message.threadTs === message.ts || message.broadcast)
      .map((message) => messageLine(state, channel, message)),
    ...channel.ephemerals.filter((message) => message.for === user.id).map((message) => ephemeralLine(state, message)),
    ...state.notices.filter((notice) => notice.user === user.id && notice.channel === channel.id).map(noticeLine),
  ].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const welcome = html`<div class="welcome"><h2># ${channel.name}</h2><p>This is the very beginning of the
    <b>#${channel.name}</b> channel.${channel.topic && html` ${channel.topic}`}</p></div>`;
  return html`${welcome}${
    lines.length > 0 && html`<div class="day"><span>Today</span></div>`
  }${lines.map((line) => line.html)}`;
}

/** The modal on top of a person's stack. */
export function modal(state: SlackState, view: View): Html {
  const { body } = view;
  const notice = state.notices.findLast((candidate) => candidate.viewId === view.id);
  const submit = isObject(body['submit']) ? textOf(body['submit']) : '';
  return html`<div class="shade"></div><form class="modal" data-view="${view.id}" data-hash="${view.hash}">
    <header>${avatar(state.botUser, 'small')}<h1>${textOf(body['title'])}</h1>
    <button type="button" class="close" data-act="close-all" title="Close">✕</button></header>
    <div class="modal-body">${notice && html`<div class="block alert error">${notice.text}</div>`}${blocksHtml(
      { state, values: view.values },
      objectsOf(body['blocks']),
      view.errors,
    )}</div><footer>${view.previousViewId && html`<span class="grow"></span>`}<button type="button" class="button"
    data-act="close">${textOf(body['close']) || (view.previousViewId ? 'Back' : 'Cancel')}</button>${
      submit && html`<button type="submit" class="button primary">${submit}</button>`
    }</footer></form>`;
}
