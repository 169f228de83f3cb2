// Tour and lecture: what leads through the lab. Follows lab.js, and uses what that declares.
const tour = lab.querySelector('.lab-tour'), invitation = lab.querySelector('.lab-invite'), deck = lab.querySelector('.lab-deck');
const TOURED = 'vqathinker-tour';
let stop = -1, shown = null;

function point(target) {
  if (shown) shown.classList.remove('toured');
  shown = target ? body.querySelector(target) : null;
  if (!shown) return;
  shown.classList.add('toured');
  shown.scrollIntoView({block: 'center', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'});
}

async function visit(to) {
  stop = to;
  const {place, target, title, text} = TOUR[stop];
  if (place) ask({kind: 'go', to: place});
  tour.hidden = false;
  tour.querySelector('b').textContent = `${stop + 1} of ${TOUR.length}: ${title}`;
  tour.querySelector('p').textContent = text;
  tour.querySelector('[data-tour=back]').disabled = !stop;
  tour.querySelector('[data-tour=next]').textContent = stop === TOUR.length - 1 ? 'Done' : 'Next ›';
  tour.querySelector('[data-tour=next]').focus({preventScroll: true});
  await idle();
  point(target);
}

function leave() {
  remember(TOURED, 'seen');
  invitation.hidden = tour.hidden = true;
  point(null);
  stop = -1;
}

// Until every action has been answered.
const idle = () => new Promise(done => {
  const look = () => 'asking' in lab.dataset ? setTimeout(look, 30) : done();
  look();
});

lab.addEventListener('click', event => {
  const press = event.target.closest('[data-tour]');
  if (!press) return;
  const {tour: what} = press.dataset;
  if (what === 'skip' || (what === 'next' && stop === TOUR.length - 1)) leave();
  else { remember(TOURED, 'seen'); invitation.hidden = true; visit(what === 'start' ? 0 : stop + (what === 'back' ? -1 : 1)); }
});
tour.addEventListener('keydown', event => {
  if (event.key === 'Escape') { event.stopPropagation(); leave(); }
  if (event.key === 'ArrowRight' && stop < TOUR.length - 1) visit(stop + 1);
  if (event.key === 'ArrowLeft' && stop > 0) visit(stop - 1);
});
invitation.hidden = remembered(TOURED) === 'seen' || Boolean(shared()) || lectureAt() !== null;

// Lecture: slides are states of the lab; arrow keys lead through them.
function turn(to) {
  slide = Math.min(Math.max(to, 0), SLIDES - 1);
  lab.classList.add('lecturing');
  deck.hidden = false;
  deck.querySelector('span').textContent = `${slide + 1} / ${SLIDES}`;
  deck.querySelector('[data-turn="-1"]').disabled = !slide;
  deck.querySelector('[data-turn="1"]').disabled = slide === SLIDES - 1;
  history.replaceState(null, '', `#lecture=${slide + 1}`);
  ask({kind: 'slide'});
}

function close() {
  if (slide === null) return;
  slide = null;
  lab.classList.remove('lecturing');
  deck.hidden = true;
  history.replaceState(null, '', location.pathname + location.search);
  if (document.fullscreenElement) document.exitFullscreen();
  ask({kind: 'none'});
}

lab.querySelector('#lab-lecture').addEventListener('click', () => {
  leave();
  if (lab.requestFullscreen) lab.requestFullscreen().catch(() => {});
  turn(0);
});
deck.addEventListener('click', event => {
  const press = event.target.closest('[data-turn]');
  if (press) press.dataset.turn === 'close' ? close() : turn(slide + +press.dataset.turn);
});
document.addEventListener('fullscreenchange', () => { if (!document.fullscreenElement) close(); });
const TURNS = {ArrowRight: 1, PageDown: 1, ' ': 1, ArrowLeft: -1, PageUp: -1, Home: -1000, End: 1000};
addEventListener('keydown', event => {
  if (slide === null || !lab.isConnected) return;
  if (event.key === 'Escape') close();
  const busyKey = event.target.closest('[data-drag], input, textarea, td.cell') || (event.key === ' ' && event.target.closest('button'));
  if (!(event.key in TURNS) || busyKey) return;
  event.preventDefault();
  turn(slide + TURNS[event.key]);
});
addEventListener('hashchange', () => { if (lab.isConnected && lectureAt() !== null) turn(lectureAt()); });
if (lectureAt() !== null) turn(lectureAt());

// A symbol of a formula leads to its control.
body.addEventListener('click', event => {
  const symbol = event.target.closest('[data-aim]');
  const control = symbol && body.querySelector(symbol.dataset.aim);
  if (!control) return;
  control.scrollIntoView({block: 'nearest'});
  control.focus({preventScroll: true});
  control.classList.add('aimed');
  setTimeout(() => control.classList.remove('aimed'), 1600);
});
