// The page's script: shows fragments as they change, and sends what the person does.

const by = (id) => document.getElementById(id);
const shown = new Map();
let seat = { as: localStorage.getItem('as') ?? '', channel: '', mark: '' };
let reading = Promise.resolve();

function readHash() {
  const [channel, mark] = location.hash.slice(1).split('/');
  seat = { ...seat, channel: channel || seat.channel, mark: mark ?? '' };
}

/** Replaces the content only when it differs; true when it did. */
function put(element, content) {
  if (shown.get(element) === content) return false;
  shown.set(element, content);
  element.innerHTML = content;
  return true;
}

function inputsOf(root) {
  const inputs = {};
  for (const control of root.querySelectorAll('[data-action]')) {
    const kind = control.dataset.act;
    if (!['choose', 'type', 'pick', 'suggest'].includes(kind)) continue;
    inputs[`${control.dataset.block}/${control.dataset.action}`] = { value: valueOf(control), control };
  }
  return inputs;
}

function valueOf(control) {
  if (control.dataset.act === 'pick') {
    const chosen = [...control.querySelectorAll('input:checked')].map((input) => input.value);
    return control.querySelector('input[type=radio]') ? (chosen[0] ?? '') : chosen;
  }
  if (control.multiple) return [...control.selectedOptions].map((option) => option.value);
  return control.dataset.value ?? control.value;
}

/** What was typed stays when the modal is drawn anew. */
function putModal(content) {
  const before = inputsOf(by('overlay'));
  const view = by('overlay').querySelector('form')?.dataset.view;
  if (!put(by('overlay'), content)) return;
  const form = by('overlay').querySelector('form');
  if (!form) return;
  if (form.dataset.view === view) {
    for (const [name, { control }] of Object.entries(inputsOf(form))) {
      const old = before[name];
      if (old && 'value' in control) control.value = old.control.value;
      else if (old)
        for (const input of control.querySelectorAll('input')) input.checked = [old.value].flat().includes(input.value);
    }
  } else form.querySelector('textarea, input, select')?.focus();
}

function openedDetails() {
  return new Map(
    [...document.querySelectorAll('details[data-keep]')].map((details) => [details.dataset.keep, details.open]),
  );
}

function drawPeople(people, as) {
  const options = people.map(
    (person) => new Option(person.name + (person.guest ? ' (guest)' : ''), person.id, false, person.id === as),
  );
  by('as').replaceChildren(...options);
}

async function refresh() {
  const query = new URLSearchParams({ as: seat.as, channel: seat.channel });
  const page = await (await fetch(`/page/fragments?${query}`)).json();
  if (page.empty) return;
  const changedChannel = seat.channel !== page.channel || shown.get('channel') !== page.channel;
  shown.set('channel', page.channel);
  seat = { ...seat, as: page.as, channel: page.channel };
  document.title = `${page.title} · ${page.team} (sandbox)`;
  by('team').textContent = page.team;
  by('title').textContent = page.title;
  by('topic').textContent = page.topic;
  by('text').placeholder = `Message ${page.title.replace('# ', '#')}`;
  by('hint').textContent = page.commands.join(', ');
  put(by('me'), page.me);
  if (shown.get('people') !== JSON.stringify([page.people, page.as])) drawPeople(page.people, page.as);
  shown.set('people', JSON.stringify([page.people, page.as]));
  by('violations').hidden = page.violations.length === 0;
  by('violations').textContent = page.violations.length > 0 ? `Slack would refuse: ${page.violations.at(-1)}` : '';
  put(by('sidebar'), page.sidebar);
  markUnread();
  const list = by('messages');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const open = openedDetails();
  if (put(list, page.messages)) {
    for (const details of list.querySelectorAll('details[data-keep]'))
      details.open = open.get(details.dataset.keep) ?? details.open;
    if (atEnd || changedChannel) list.scrollTop = list.scrollHeight;
  }
  if (seat.mark) showMark();
  putModal(page.modal);
}

function showMark() {
  const message = document.querySelector(`[data-ts="${CSS.escape(seat.mark)}"]`);
  if (!message) return;
  message.classList.add('marked');
  message.scrollIntoView({ block: 'center' });
  seat.mark = '';
}

function markUnread() {
  for (const row of document.querySelectorAll('#sidebar [data-channel-id]')) {
    const key = `seen ${row.dataset.channelId}`;
    if (row.dataset.channelId === seat.channel) localStorage.setItem(key, row.dataset.last);
    row.classList.toggle('unread', row.dataset.last > (localStorage.getItem(key) ?? ''));
  }
}

/** One refresh at a time, in order. */
function redraw() {
  reading = reading.then(refresh, refresh);
  return reading;
}

async function act(body) {
  const answer = await fetch('/page/act', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ as: seat.as, channel: seat.channel, ...body }),
  });
  const result = await answer.json();
  if (!result.ok) console.warn(result.error);
  await redraw();
  return result;
}

function whereOf(control) {
  const view = control.closest('[data-view]')?.dataset.view;
  const where = { block: control.dataset.block, action: control.dataset.action };
  return view ? { ...where, view } : { ...where, ts: control.closest('[data-ts]')?.dataset.ts };
}

async function confirmed(control) {
  if (!control.dataset.confirm) return true;
  const words = JSON.parse(control.dataset.confirm);
  const dialog = by('confirm');
  dialog.querySelector('h2').textContent = words.title;
  dialog.querySelector('p').textContent = words.text;
  const yes = dialog.querySelector('.confirm');
  const no = dialog.querySelector('.deny');
  yes.textContent = words.confirm;
  no.textContent = words.deny;
  yes.className = `button confirm ${words.style || 'primary'}`;
  dialog.showModal();
  return new Promise((resolve) => {
    yes.onclick = () => {
      dialog.close();
      resolve(true);
    };
    no.onclick = () => {
      dialog.close();
      resolve(false);
    };
    dialog.oncancel = () => resolve(false);
  });
}

async function click(control) {
  control.closest('details.overflow')?.removeAttribute('open');
  if (!(await confirmed(control))) return;
  if (control.dataset.url) window.open(control.dataset.url, '_blank', 'noopener');
  control.classList.add('waiting');
  await act({
    act: 'click',
    ...whereOf(control),
    ...(control.dataset.input !== undefined && { input: control.dataset.input }),
  });
  control.classList.remove('waiting');
}

async function choose(control) {
  const block = control.closest('.block.input');
  if (block && block.dataset.dispatch !== 'yes') return;
  await act({ act: 'click', ...whereOf(control), input: valueOf(control) });
}

async function suggest(control) {
  const list = control.parentElement.querySelector('.suggestions');
  delete control.dataset.value;
  if (control.value.length < Number(control.dataset.min)) return;
  const { options = [] } = await act({ act: 'suggest', ...whereOf(control), text: control.value });
  list.replaceChildren(
    ...options.map(({ text, value }) => {
      const row = document.createElement('button');
      row.type = 'button';
      row.className = 'menu-item';
      row.textContent = text;
      row.onclick = () => {
        control.value = text;
        control.dataset.value = value;
        list.hidden = true;
        void choose(control);
      };
      return row;
    }),
  );
  list.hidden = options.length === 0;
}

async function submit(form) {
  const inputs = Object.fromEntries(
    Object.values(inputsOf(form))
      .filter(({ control }) => control.closest('.block.input'))
      .map(({ value, control }) => [control.dataset.block, value]),
  );
  const button = form.querySelector('button[type=submit]');
  button.classList.add('waiting');
  await act({ act: 'submit', view: form.dataset.view, inputs });
  button.classList.remove('waiting');
}

async function send() {
  const text = by('text').value.trim();
  if (!text) return;
  by('text').value = '';
  by('hint').hidden = true;
  by('messages').scrollTop = by('messages').scrollHeight;
  await act(text.startsWith('/') ? { act: 'command', text } : { act: 'say', text });
  by('messages').scrollTop = by('messages').scrollHeight;
}

document.addEventListener('click', (event) => {
  const control = event.target.closest('[data-act]');
  for (const menu of document.querySelectorAll('details.overflow[open]'))
    if (!menu.contains(event.target)) menu.removeAttribute('open');
  if (!control) return;
  const view = control.closest('[data-view]')?.dataset.view;
  if (control.dataset.act === 'click') void click(control);
  if (control.dataset.act === 'close') void act({ act: 'close', view });
  if (control.dataset.act === 'close-all') void act({ act: 'close', view, all: true });
});
document.addEventListener('change', (event) => {
  const control = event.target.closest('[data-act=choose], [data-act=pick]');
  if (control) void choose(control);
});
document.addEventListener('input', (event) => {
  if (event.target.dataset?.act === 'suggest') void suggest(event.target);
  if (event.target === by('text')) by('hint').hidden = !/^\/\S*$/.test(by('text').value);
});
document.addEventListener('focusin', (event) => {
  if (event.target.dataset?.act === 'suggest' && event.target.dataset.min === '0') void suggest(event.target);
});
document.addEventListener('submit', (event) => {
  event.preventDefault();
  if (event.target.id === 'composer') void send();
  else if (event.target.dataset.view) void submit(event.target);
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && event.target === by('text')) {
    event.preventDefault();
    void send();
  }
  const view = by('overlay').querySelector('form')?.dataset.view;
  if (event.key === 'Escape' && view && !by('confirm').open) void act({ act: 'close', view });
});
by('as').addEventListener('change', () => {
  seat.as = by('as').value;
  localStorage.setItem('as', seat.as);
  void redraw();
});
window.addEventListener('hashchange', () => {
  readHash();
  void redraw();
});
readHash();
new EventSource('/page/events').onmessage = () => void redraw();
