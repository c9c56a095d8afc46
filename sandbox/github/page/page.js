// Keeps the page up to date: times in words, the live part replaced when something happens, forms left alone.
'use strict';

const units = [
  ['year', 31536000],
  ['month', 2592000],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

function tellTimes() {
  for (const each of document.querySelectorAll('time[datetime]')) {
    const seconds = (Date.parse(each.dateTime) - Date.now()) / 1000;
    const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? [];
    if (!each.title) each.title = each.textContent;
    each.textContent = unit ? words.format(Math.round(seconds / size), unit) : 'now';
  }
}

function prepare() {
  tellTimes();
  for (const select of document.querySelectorAll('select[data-submit]')) select.onchange = () => select.form.submit();
  for (const button of document.querySelectorAll('[data-insert]')) {
    button.onclick = () => {
      const box = button.form.querySelector('textarea');
      box.value = button.dataset.insert;
      box.focus();
    };
  }
}

/** Which folds are open, by their position and title. */
function folds(root) {
  return [...root.querySelectorAll('details')].map((each, at) => [
    `${at} ${each.querySelector('summary')?.textContent}`,
    each,
  ]);
}

async function refresh() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), 'text/html');
  const [now, then] = [document.getElementById('live'), next.getElementById('live')];
  if (!now || !then || now.contains(document.activeElement?.closest('select') ?? null)) return;
  const open = new Map(folds(now).map(([key, each]) => [key, each.open]));
  for (const [key, each] of folds(then)) if (open.has(key)) each.open = open.get(key);
  now.replaceWith(then);
  document.title = next.title;
  document.querySelector('header nav')?.replaceWith(next.querySelector('header nav') ?? '');
  prepare();
}

let due = null;
new EventSource('/-/events').onmessage = () => {
  clearTimeout(due);
  due = setTimeout(refresh, 60);
};
setInterval(tellTimes, 30000);
prepare();
