// Keeps an open page as the cluster is: told by server-sent events, it reads the page again and replaces only what
// differs.
(() => {
  const { up, follows } = document.body.dataset;
  const connection = document.getElementById('connection');
  /** What the server sent for each part, by id: the page itself changes under the reader's hands. */
  const sent = new Map();
  const minimumGap = 400;
  let stream;
  let reading = false;
  let again = false;
  // What changed between the page and its stream would be missed.
  let stale = true;

  const parts = (root) => root.querySelectorAll('[data-live]');
  const lists = (root) => root.querySelectorAll('[data-live-list]');

  function remember() {
    for (const part of parts(document)) sent.set(part.id, part.outerHTML);
    for (const list of lists(document)) for (const item of list.children) sent.set(item.id, item.outerHTML);
  }

  /** What controllers made of an object is read when somebody opens it, and again when the page was. */
  async function openBelow(details) {
    const content = details.querySelector('.below-content');
    if (!content.hasChildNodes()) content.textContent = 'reading …';
    try {
      const answer = await fetch(`${location.pathname}/below/${details.dataset.below}`, { cache: 'no-store' });
      const inPage = new DOMParser().parseFromString(await answer.text(), 'text/html');
      content.replaceChildren(...inPage.body.childNodes);
      times();
    } catch {
      content.textContent = 'It cannot be read now; close and open it to try again.';
    }
  }

  /** Puts the new one in the old one's place; what was opened stays open, what had the focus has it. */
  function replace(old, next) {
    const focused = old.contains(document.activeElement);
    for (const details of next.querySelectorAll('details')) {
      const before = details.id ? document.getElementById(details.id) : old.querySelector('details');
      if (!before) continue;
      details.open = before.open;
      const [known, content] = [before, details].map((each) => each.querySelector(':scope > .below-content'));
      if (known && content) content.replaceChildren(...known.childNodes);
    }
    old.replaceWith(next);
    if (focused) next.querySelector('a, summary, button')?.focus({ preventScroll: true });
    next.classList.add('changed');
  }

  function update(list, wanted) {
    const known = new Map([...list.children].map((item) => [item.id, item]));
    const left = new Set([...wanted.children].map((item) => item.id));
    for (const [id, gone] of known) {
      if (left.has(id)) continue;
      sent.delete(id);
      gone.remove();
    }
    let at = list.firstElementChild;
    for (const next of [...wanted.children]) {
      const old = known.get(next.id);
      const same = old && sent.get(next.id) === next.outerHTML;
      sent.set(next.id, next.outerHTML);
      if (old && !same) {
        if (at === old) at = next;
        replace(old, next);
      }
      const item = same ? old : next;
      if (item === at) at = at.nextElementSibling;
      else {
        list.insertBefore(item, at);
        if (!old) item.classList.add('changed');
      }
    }
  }

  function show(page) {
    const focused = document.activeElement;
    const inPage = new DOMParser().parseFromString(page, 'text/html');
    for (const next of [...parts(inPage)]) {
      const old = document.getElementById(next.id);
      if (!old || sent.get(next.id) === next.outerHTML) continue;
      sent.set(next.id, next.outerHTML);
      replace(old, next);
      next.classList.remove('changed');
    }
    for (const list of lists(inPage)) {
      const old = document.getElementById(list.id);
      if (old) update(old, list);
    }
    // What is moved loses the focus.
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
    times();
    filter();
    for (const details of document.querySelectorAll('details[data-below]')) if (details.open) openBelow(details);
  }

  async function read() {
    if (document.hidden) {
      stale = true;
      return;
    }
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    const start = Date.now();
    try {
      const answer = await fetch(location.pathname, { cache: 'no-store' });
      if (answer.ok) show(await answer.text());
      document.getElementById('gone')?.classList.toggle('hidden', answer.status !== 404);
    } catch {
      // The stream tells that the connection is lost, and reads again when it is back.
    }
    setTimeout(
      () => {
        reading = false;
        if (!again) return;
        again = false;
        read();
      },
      Math.max(0, minimumGap - (Date.now() - start)),
    );
  }

  function state(name, text) {
    connection.className = `connection ${name}`;
    connection.textContent = text;
  }

  /** A hidden page has no stream: browsers allow six connections to a server, and people have many pages open. */
  function listen() {
    stream = new EventSource(`${up}events`);
    let lost = false;
    stream.onopen = () => {
      state('live', 'Live');
      if (lost || stale) read();
      lost = stale = false;
    };
    stream.onerror = () => {
      lost = true;
      state('lost', 'Connection lost, trying again');
    };
    stream.onmessage = ({ data }) => {
      const keys = JSON.parse(data);
      if (!follows || keys.includes('*') || keys.includes(follows)) read();
    };
  }

  document.addEventListener('visibilitychange', () => {
    stream?.close();
    stream = undefined;
    if (document.hidden) stale = true;
    else listen();
  });

  const units = [
    ['year', 31536000],
    ['month', 2592000],
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
  ];
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

  function times() {
    for (const item of document.querySelectorAll('time[datetime]')) {
      const seconds = (Date.parse(item.dateTime) - Date.now()) / 1000;
      if (Number.isNaN(seconds)) continue;
      item.title ||= item.textContent;
      const unit = units.find(([, length]) => Math.abs(seconds) >= length);
      item.textContent = unit ? relative.format(Math.round(seconds / unit[1]), unit[0]) : 'just now';
    }
  }

  const box = document.getElementById('filter');
  let tag = '';

  const rows = () => [...document.querySelectorAll('#applications > tr')];

  /** Every word must be in the line; the tag, if one is chosen, must be its own. */
  function filter() {
    if (!box) return;
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = rows();
    let left = 0;
    for (const row of all) {
      const fits =
        words.every((word) => row.dataset.words.includes(word)) && (!tag || row.dataset.tags.split(' ').includes(tag));
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) left += 1;
    }
    for (const chip of document.querySelectorAll('.chip'))
      chip.setAttribute('aria-pressed', String(chip.dataset.tag === tag));
    document.getElementById('none').classList.toggle('hidden', left > 0 || all.length === 0);
    document.getElementById('list').classList.toggle('hidden', left === 0);
  }

  function keep() {
    const query = new URLSearchParams();
    if (box.value) query.set('q', box.value);
    if (tag) query.set('show', tag);
    history.replaceState(null, '', query.size > 0 ? `?${query}` : location.pathname);
  }

  function choose(text, chosen) {
    box.value = text;
    tag = chosen;
    filter();
    keep();
  }

  function move(step) {
    const links = rows()
      .filter((row) => !row.hidden)
      .map((row) => row.querySelector('a'));
    const at = links.indexOf(document.activeElement);
    const next = at < 0 && step < 0 ? undefined : links[at + step];
    (next ?? (step < 0 ? box : links.at(-1)))?.focus();
  }

  if (box) {
    const query = new URLSearchParams(location.search);
    box.value = query.get('q') ?? '';
    tag = query.get('show') ?? '';
    box.addEventListener('input', () => choose(box.value, tag));
    document.addEventListener('click', (event) => {
      const chip = event.target.closest('.chip');
      if (chip) choose(box.value, chip.dataset.tag);
      if (event.target.id === 'clear') choose('', '');
    });
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const inBox = document.activeElement === box;
      if (event.key === '/' && !inBox) {
        event.preventDefault();
        // Selecting alone moves the focus in some browsers, and in others it does not.
        box.focus();
        box.select();
      } else if (event.key === 'Escape' && (inBox || box.value || tag)) {
        choose('', '');
      } else if (event.key === 'Enter' && inBox) {
        rows()
          .find((row) => !row.hidden)
          ?.querySelector('a')
          .click();
      } else if (
        (event.key === 'ArrowDown' || event.key === 'ArrowUp') &&
        (inBox || document.activeElement?.closest('#applications'))
      ) {
        event.preventDefault();
        move(event.key === 'ArrowDown' ? 1 : -1);
      }
    });
  }

  // The event does not bubble.
  document.addEventListener(
    'toggle',
    ({ target }) => {
      if (target.dataset?.below && target.open) openBelow(target);
    },
    true,
  );

  remember();
  times();
  filter();
  setInterval(() => {
    times();
    // What was next has begun meanwhile; nothing tells of it.
    const due = [...document.querySelectorAll('#schedules time')].some(
      (item) => Date.parse(item.dateTime) < Date.now(),
    );
    if (due) read();
  }, 30000);
  if (!document.hidden) listen();
})();
