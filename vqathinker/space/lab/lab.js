// The lab on the page: it sends what a visitor does to Python, and puts the HTML that comes back into place.
// No number is computed here, but the score of a point that is being dragged.
const lab = element.querySelector('.lab'), body = lab.querySelector('.lab-body'), calc = lab.querySelector('.lab-calc');
const said = lab.querySelector('.lab-said'), mine = lab.querySelector('#lab-mine'), share = lab.querySelector('#lab-share');
const HINT = calc.textContent;
const PATIENCE = 'The lab does not answer. Try again in a moment.';
const predicting = lab.querySelector('#lab-predict');
let slide = null, lesson = {}, switched = false, state = null, link = '', width = 0, busy = false, waiting = [], held = null, cell = null, rollouts = null;

const room = () => Math.floor(body.getBoundingClientRect().width);
const FOLLOWED = new Set(['slide', 'guess', 'score', 'mos', 'constant', 'text', 'none']);  // of these only the latest counts
const sameAim = (a, b) => ['kind', 'name', 'video', 'answer', 'in_order'].every(key => a[key] === b[key]);

function ask(action) {
  const last = waiting[waiting.length - 1];
  if (last && FOLLOWED.has(action.kind) && sameAim(last, action)) waiting.pop();
  waiting.push(action);
  if (!busy) talk({});
}

async function talk(more) {
  busy = true;
  lab.dataset.asking = '';
  const actions = waiting.splice(0, MOST_ACTIONS);
  width = room();
  if (actions.some(action => action.kind === 'slide')) more = {...more, opening: true};
  try {
    const answer = await server.lab_answer({state, lesson: studied(), actions: actions.filter(action => action.kind !== 'slide'), width, slide, ...more});
    state = answer.state;
    lesson = answer.lesson;
    link = answer.link;
    show(answer.html);
    fit();
    if (answer.problem || !actions.every(action => action.kind === 'none')) say(answer.problem);
  } catch (error) {
    say(PATIENCE);
  }
  busy = false;
  if (waiting.length) talk({});
  else delete lab.dataset.asking;
}

function say(sentence) {
  said.textContent = sentence;
}

function show(html) {
  const fresh = document.createElement('template');
  fresh.innerHTML = html;
  grow(body, fresh.content);
  body.removeAttribute('aria-busy');
  if (held) place(held.point, held.value);
  for (const grid of body.querySelectorAll('[data-grid]')) enter(grid);
  explain(cell && body.querySelector(`[data-cell="${cell}"]`), true);
}

// Change what differs and keep every other node, so that focus, dragging and scrolling go on.
function grow(old, fresh) {
  const before = [...old.childNodes], after = [...fresh.childNodes];
  after.forEach((node, k) => {
    const was = before[k];
    if (!was) old.append(node);
    else if (was.nodeName !== node.nodeName) was.replaceWith(node);
    else if (was.nodeType === Node.TEXT_NODE) { if (was.data !== node.data) was.data = node.data; }
    else dress(was, node);
  });
  before.slice(after.length).forEach(node => node.remove());
}

function dress(was, node) {
  const typing = was === document.activeElement;
  for (const {name} of [...was.attributes]) if (!node.hasAttribute(name) && name !== 'tabindex') was.removeAttribute(name);
  for (const {name, value} of node.attributes) if (was.getAttribute(name) !== value) was.setAttribute(name, value);
  if (was.nodeName === 'INPUT') { if (!typing) was.value = node.value; }
  else if (was.nodeName === 'TEXTAREA') { if (!typing && was.value !== node.value) was.value = node.value; }
  else grow(was, node);
}

// Points on an axis: dragged with a pointer, moved with the keyboard.
function place(point, value) {
  const {x0, x1, low, high} = point.closest('svg').dataset;
  const x = +x0 + (x1 - x0) * (value - low) / (high - low);
  point.setAttribute('transform', point.getAttribute('transform').replace(/\(\S+/, `(${x.toFixed(1)}`));
}

function move(point, value) {
  const {low, high} = point.closest('svg').dataset;
  const kept = Math.min(Math.max(value, +low), +high);
  place(point, kept);
  ask({...JSON.parse(point.dataset.drag), value: kept});
  return kept;
}

function valueAt(svg, clientX) {
  const box = svg.getBoundingClientRect(), {x0, x1, low, high} = svg.dataset;
  const x = (clientX - box.left) * svg.width.baseVal.value / box.width;
  return +low + (x - x0) / (x1 - x0) * (high - low);
}

body.addEventListener('pointerdown', event => {
  const point = event.target.closest('[data-drag]');
  if (!point || event.button) return;
  event.preventDefault();
  point.focus({preventScroll: true});
  held = {point, id: event.pointerId, value: +point.getAttribute('aria-valuenow'), shift: 0};
  held.shift = held.value - valueAt(point.closest('svg'), event.clientX);
  if (Math.abs(held.shift) > 0.4) held.shift = 0;  // a point at the edge stands for a number far off
  point.classList.add('held');
  const {kind, ...where} = JSON.parse(point.dataset.drag);
  ask({kind: 'choose', ...where});
});
addEventListener('pointermove', event => {
  if (!held || event.pointerId !== held.id) return;
  held.value = move(held.point, valueAt(held.point.closest('svg'), event.clientX) + held.shift);
});
const drop = event => {
  if (!held || event.pointerId !== held.id) return;
  held.point.classList.remove('held');
  held = null;
  ask({kind: 'none'});
};
addEventListener('pointerup', drop);
addEventListener('pointercancel', drop);

const KEYS = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10};
body.addEventListener('keydown', event => {
  const point = event.target.closest('[data-drag]'), now = event.target.closest('td.cell');
  if (point && (event.key in KEYS || event.key === 'Home' || event.key === 'End')) {
    const step = +point.dataset.step, size = KEYS[event.key] * (event.shiftKey && step < 0.1 ? 0.01 : step);
    const from = +point.getAttribute('aria-valuenow'), {low, high} = point.closest('svg').dataset;
    const to = event.key === 'Home' ? +low : event.key === 'End' ? +high : from + size;
    point.setAttribute('aria-valuenow', move(point, to).toFixed(2));
    event.preventDefault();
  } else if (point && event.key === 'Enter') {
    ask({...JSON.parse(point.dataset.drag), kind: 'choose'});
  } else if (now) {
    walk(now, event);
  }
});

// Tables: one cell is in the tab order, the arrow keys go on from there.
function enter(grid) {
  const cells = [...grid.querySelectorAll('td.cell')];
  const first = cells.find(one => one === document.activeElement) || cells.find(one => one.tabIndex === 0) || cells[0];
  cells.forEach(one => { one.tabIndex = one === first ? 0 : -1; });
}

function walk(now, event) {
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); now.click(); return; }
  const rows = [...now.closest('table').querySelectorAll('tr')].filter(row => row.querySelector('td.cell'));
  const row = now.parentElement, along = [...row.querySelectorAll('td.cell')];
  const [across, down] = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]}[event.key] || [0, 0];
  if (!across && !down) return;
  event.preventDefault();
  const next = rows[rows.indexOf(row) + down];
  const to = next && [...next.querySelectorAll('td.cell')][along.indexOf(now) + across];
  if (!to) return;
  now.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

// The arithmetic of a cell.
function explain(one, still) {
  if (!one) { if (still && cell) forget(); return; }
  cell = one.dataset.cell;
  const {title, sides} = JSON.parse(one.dataset.math);
  const parts = sides.map(([who, lines]) => {
    const part = document.createElement('div'), name = document.createElement('span');
    part.className = who === 'As released' ? 'released' : who === 'Repaired' ? 'repaired' : 'both';
    name.textContent = who === 'Both' ? '' : who;
    part.append(name, ...lines.map(line => Object.assign(document.createElement('code'), {textContent: line})));
    return part;
  });
  const head = Object.assign(document.createElement('b'), {textContent: title});
  calc.replaceChildren(head, ...parts);
  for (const other of body.querySelectorAll('.shown')) other.classList.remove('shown');
  one.classList.add('shown');
}
for (const name of ['pointerover', 'focusin', 'click']) {
  body.addEventListener(name, event => { if (!held) explain(event.target.closest('[data-math]')); });
}

const forget = () => { cell = null; calc.textContent = HINT; };
calc.addEventListener('click', forget);
lab.addEventListener('keydown', event => { if (event.key === 'Escape') forget(); });

body.addEventListener('click', event => {
  const button = event.target.closest('[data-act]');
  if (button) ask(JSON.parse(button.dataset.act));
});
body.addEventListener('input', event => {
  const {constant, text, guess} = event.target.dataset;
  if (guess !== undefined) ask({kind: 'guess', value: +event.target.value});
  if (constant) ask({kind: 'constant', name: constant, value: +event.target.value});
  if (text) ask({...JSON.parse(text), text: event.target.value});
});

// Predict first: on for a first visit, unless it comes with a link that is to be seen as it is.
const KEPT = 'vqathinker-predict';
const remembered = name => { try { return localStorage.getItem(name); } catch (error) { return null; } };
const remember = (name, value) => { try { localStorage.setItem(name, value); } catch (error) { /* a private window */ } };
// The switch may be moved while an answer is on its way: it is looked at when the next request leaves.
function studied() {
  const fresh = switched ? {guess: null, revealed: false} : {};
  switched = false;
  return {...lesson, on: predicting.checked, ...fresh};
}
predicting.addEventListener('change', () => {
  remember(KEPT, predicting.checked ? 'on' : 'off');
  switched = true;
  ask({kind: 'none'});
});

// The visitor's own rollouts, and a link to what is shown.
function offer() {
  rollouts = props.value ? JSON.parse(props.value) : null;
  mine.hidden = !rollouts;
  if (!rollouts) return;
  const {texts, shuffled} = rollouts, disordered = shuffled.length ? ', and as many in disorder' : '';
  const used = texts.length > MOST ? ` The lab takes the first ${MOST}.` : '';
  mine.querySelector('span').textContent = `${texts.length} rollouts of your video${disordered} are here.${used}`;
}
watch('value', offer);
offer();
mine.addEventListener('submit', event => {
  event.preventDefault();
  ask({kind: 'mine', ...rollouts, mos: +mine.querySelector('input').value});
});
share.addEventListener('click', async () => {
  history.replaceState(null, '', `#lab=${link}`);
  try {
    await navigator.clipboard.writeText(location.href);
    say('Copied. Whoever opens the link sees the lab as it is now.');
  } catch (error) {
    say('The link is in the address bar now: copy it from there.');
  }
});
const lectureAt = () => { const at = /^#lecture=(\d+)$/.exec(location.hash); return at ? at[1] - 1 : null; };
const shared = () => location.hash.startsWith('#lab=') ? location.hash.slice(5) : '';
addEventListener('hashchange', () => { if (lab.isConnected && shared()) talk({link: shared()}); });
// Drawings are made for the width that there is; a tab that is being opened has none yet.
const fit = () => { if (state && room() && Math.abs(room() - width) > 4) ask({kind: 'none'}); };
new ResizeObserver(fit).observe(body);
predicting.checked = !shared() && remembered(KEPT) !== 'off';
if (lectureAt() === null) talk(shared() ? {link: shared()} : {});
