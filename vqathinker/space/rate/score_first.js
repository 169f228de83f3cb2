// Who looks scores first; then people's score and the model's appear on the same scale.
const first = element.querySelector('.vq-first');
if (first) {
  const pictures = JSON.parse(first.dataset.pictures), words = JSON.parse(first.dataset.words);
  const slider = first.querySelector('input'), told = first.querySelector('.vq-told-first');
  const [show, next, why] = ['.show', '.next', '.why'].map(css => first.querySelector(css));
  const done = new Map();
  let at = 0;

  const mean = numbers => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const place = score => `${(score - 1) / 4 * 100}%`;
  const say = () => {
    const value = (+slider.value).toFixed(1), word = words[Math.round((slider.value - 1) * 10)];
    first.querySelector('.vq-mine b').textContent = value;
    first.querySelector('.vq-mine i').textContent = word;
    slider.setAttribute('aria-valuetext', `${value}, ${word}`);
  };
  const row = (css, score, who) =>
    `<div class="vq-first-row ${css}"><span>${who}</span><i style="left:${place(score)}"></i><b>${score.toFixed(2)}</b></div>`;
  const reveal = () => {
    const {people, model, deviation, ratings} = pictures[at], mine = +slider.value;
    done.set(at, [Math.abs(mine - people), Math.abs(model - people)]);
    const all = [...done.values()], [you, it] = [0, 1].map(k => mean(all.map(pair => pair[k])).toFixed(2));
    const so = all.length > 1 ? ` After ${all.length} pictures: you are ${you} from people on average, the model ${it}.` : '';
    told.innerHTML = row('mine', mine, 'you') + row('people', people, 'people') + row('model', model, 'the model') +
      `<p>People gave ${people.toFixed(2)}: the mean of about ${ratings} ratings, which differ by ${deviation.toFixed(1)} ` +
      `(standard deviation). You are ${Math.abs(mine - people).toFixed(2)} away, the model ${Math.abs(model - people).toFixed(2)}.${so}</p>`;
    show.hidden = slider.disabled = true;
    next.hidden = why.hidden = false;
    next.focus();
  };
  const go = () => {
    at = (at + 1) % pictures.length;
    const {source, title, credit} = pictures[at], image = first.querySelector('img');
    image.src = source;
    image.alt = title;
    first.querySelector('figcaption').replaceChildren(`${title}. `, Object.assign(document.createElement('small'), {textContent: credit}));
    slider.value = 3;
    say();
    told.replaceChildren();
    show.hidden = slider.disabled = false;
    next.hidden = why.hidden = true;
    slider.focus();
  };
  slider.addEventListener('input', say);
  show.addEventListener('click', reveal);
  next.addEventListener('click', go);
  why.addEventListener('click', () => trigger('click', {index: at}));
  say();
}
