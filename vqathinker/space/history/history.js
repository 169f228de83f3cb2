// The replay: every step that was kept lies in a template; the slider puts its parts into their places.
const learned = element.querySelector('.learned');
if (learned) {
  const slider = learned.querySelector('#learned-step'), play = learned.querySelector('.learned-play');
  const kept = [...learned.querySelectorAll('template[data-at]')];
  const places = new Map([...learned.querySelectorAll('[data-slot]')].map(place => [place.dataset.slot, place]));
  const PAUSE_MS = 1600;
  let timer = null;

  const show = () => {
    const {content, dataset} = kept[slider.value];
    learned.style.setProperty('--at', dataset.at);
    slider.setAttribute('aria-valuetext', dataset.told);
    for (const part of content.children) {
      const place = places.get(part.dataset.slot);
      if (place && place.innerHTML !== part.innerHTML) place.replaceChildren(...part.cloneNode(true).childNodes);
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = 'Play';
  };
  const advance = () => {
    slider.stepUp();
    show();
    if (+slider.value >= kept.length - 1) stop();
  };
  slider.addEventListener('input', () => { stop(); show(); });
  play.addEventListener('click', () => {
    if (timer) return stop();
    if (+slider.value >= kept.length - 1) { slider.value = 0; show(); }
    play.textContent = 'Pause';
    timer = setInterval(() => learned.isConnected ? advance() : stop(), PAUSE_MS);
  });
  play.hidden = slider.disabled = kept.length < 2;
}
