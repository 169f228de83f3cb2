// The figure, the slider and the player move together: a click or a key picks a window, the playhead follows the player.
if (!element.dataset.ready) {
  element.dataset.ready = 'yes';
  const line = () => element.querySelector('.vq-timeline');
  const videos = () => line() ? [...document.querySelectorAll(line().dataset.players)] : [];
  const seek = seconds => videos().forEach(video => { video.pause(); video.currentTime = seconds; });
  const windows = () => JSON.parse(line().dataset.windows);

  const pick = number => {
    const slider = line().querySelector('input'), picked = windows()[number];
    if (!picked) return;
    slider.value = number;
    slider.setAttribute('aria-valuetext', picked.told);
    line().querySelector('.vq-picked').textContent = picked.told;
    seek(picked.x);
    nearest(picked.x);
  };
  const nearest = seconds => {  // of the sampled frames
    const frames = [...document.querySelectorAll('#film [data-seek]')];
    const away = frame => Math.abs(frame.dataset.seek - seconds);
    const near = frames.reduce((a, b) => away(b) < away(a) ? b : a, frames[0]);
    frames.forEach(frame => frame.classList.toggle('picked', frame === near));
  };
  element.addEventListener('click', event => {
    const button = event.target.closest('[data-window]');
    if (button) pick(+button.dataset.window);
  });
  element.addEventListener('input', event => { if (event.target.type === 'range') pick(+event.target.value); });

  const playhead = document.createElement('div');
  playhead.className = 'vq-playhead';
  const follow = () => {
    if (!element.isConnected) return clearInterval(timer);
    const figure = line() && document.querySelector(`#${line().dataset.plot} .js-plotly-plot`);
    if (!figure || !figure._fullLayout) return;
    if (!figure.dataset.bound) {
      figure.dataset.bound = 'yes';
      figure.on('plotly_click', event => pick(event.points[0].customdata[0]));
    }
    if (playhead.parentElement !== figure) figure.append(playhead);
    const {xaxis, _size: size} = figure._fullLayout, [video] = videos();
    const place = video ? xaxis.l2p(video.currentTime) : -1;
    playhead.hidden = !(place >= 0 && place <= size.w);
    playhead.style.cssText = `left:${size.l + place}px;top:${size.t}px;height:${size.h}px`;
  };
  const timer = setInterval(follow, 150);
}
