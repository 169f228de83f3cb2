// A click on a sampled frame, or Enter on it, takes the player there.
if (!element.dataset.ready) {
  element.dataset.ready = 'yes';
  const seek = frame => {
    const video = document.querySelector('#player video');
    if (!frame || !video) return;
    video.pause();
    video.currentTime = frame.dataset.seek;
  };
  element.addEventListener('click', event => seek(event.target.closest('[data-seek]')));
}
