// The replay: every step that was kept lies in a template; the slider puts its parts into their places. The curves are
// drawn with the plotly that Gradio loads when the tab is opened.
const learned = element.querySelector('.learned');
if (learned) {
  const slider = learned.querySelector('#learned-step'), play = learned.querySelector('.learned-play');
  const kept = [...learned.querySelectorAll('template[data-step]')];
  const places = new Map([...learned.querySelectorAll('[data-slot]')].map(place => [place.dataset.slot, place]));
  const figures = JSON.parse(learned.dataset.figures), charts = [...learned.querySelectorAll('[data-figure]')];
  const PAUSE_MS = 1600, POLL_MS = 60;
  const drawn = new Set();
  let timer = null;

  const colour = name => getComputedStyle(learned).getPropertyValue(name).trim();
  const area = chart => chart.querySelector('.learned-area');
  const mark = () => {
    const x = +kept[slider.value].dataset.step, line = {color: colour('--vq-ink'), width: 1.5};
    return [{type: 'line', x0: x, x1: x, xref: 'x', y0: 0, y1: 1, yref: 'paper', line, name: 'step'}];
  };
  const toned = ({tone, ...trace}) => {
    const shade = colour(`--tone-${tone}`), part = key => trace[key] && {[key]: {...trace[key], color: shade}};
    return {...trace, ...part('line'), ...part('marker')};
  };
  const touch = matchMedia('(hover: none)').matches;
  const layoutOf = figure => {
    const quiet = {gridcolor: colour('--vq-line'), linecolor: colour('--vq-line'), zeroline: false, automargin: true};
    const layout = {
      height: parseFloat(colour('--plot-height')), margin: {l: 8, r: 10, t: touch ? 30 : 20, b: 8}, uirevision: 'learned', shapes: mark(),
      paper_bgcolor: colour('--vq-card'), plot_bgcolor: colour('--vq-card'), hovermode: 'x unified', hoversubplots: 'axis',
      font: {color: colour('--vq-quiet'), size: 11, family: getComputedStyle(learned).fontFamily},
      hoverlabel: {bgcolor: colour('--vq-card'), bordercolor: colour('--vq-line'), font: {color: colour('--vq-ink')}},
      showlegend: false, legend: {orientation: 'h', y: -0.12, yanchor: 'top', x: 0}, dragmode: touch ? false : 'zoom',
      modebar: {bgcolor: 'rgba(0,0,0,0)', color: colour('--vq-quiet'), activecolor: colour('--vq-accent')},
    };
    for (const [key, value] of Object.entries(figure.layout)) layout[key] = /axis/.test(key) ? {...quiet, ...value} : value;
    return layout;
  };
  const moveLine = chart => window.Plotly.relayout(area(chart), {shapes: mark()});
  const draw = async () => {
    for (const chart of charts) {
      const began = slider.value;
      const figure = figures[chart.dataset.figure];
      await window.Plotly.newPlot(area(chart), figure.data.map(toned), layoutOf(figure), {
        displaylogo: false, responsive: true, scrollZoom: false, displayModeBar: touch ? true : 'hover',
        modeBarButtons: [[...(touch ? [] : ['zoom2d', 'pan2d']), 'zoomIn2d', 'zoomOut2d', 'resetScale2d']],
      });
      drawn.add(chart);
      if (slider.value !== began) moveLine(chart);
    }
  };
  const whenSeen = () => {
    if (!element.isConnected) return clearInterval(waiting);
    if (!window.Plotly || !learned.offsetWidth) return;
    clearInterval(waiting);
    draw();
  };
  const waiting = setInterval(whenSeen, POLL_MS);

  const csv = figure => {
    const shown = figure.data.map(({x, y, name, meta}) => ({x, y, name: meta ? `${name} (${meta})` : name}));
    const rows = shown.flatMap(({x, y, name}) => x.map((step, k) => [name, step, y[k]])).filter(row => row[2] != null);
    return [['series', 'step', 'value'], ...rows].map(row => row.map(cell => /[",]/.test(cell) ? `"${cell}"` : cell).join(',')).join('\r\n');
  };
  const save = async (chart, kind) => {
    const name = `how-it-learned-${chart.dataset.figure}`;
    if (kind === 'png') {
      const {data, layout} = area(chart), title = {text: figures[chart.dataset.figure].title, font: {size: 14}};
      const page = {...layout, showlegend: true, title, height: 480, width: 800, margin: {l: 50, r: 20, t: 60, b: 50}};
      return drawn.has(chart) && window.Plotly.downloadImage({data, layout: page}, {format: 'png', width: 800, height: 480, scale: 2, filename: name});
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csv(figures[chart.dataset.figure])], {type: 'text/csv'}));
    link.download = `${name}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  const show = () => {
    const {content, dataset} = kept[slider.value];
    slider.setAttribute('aria-valuetext', dataset.told);
    for (const part of content.children) {
      const place = places.get(part.dataset.slot);
      if (place && place.innerHTML !== part.innerHTML) place.replaceChildren(...part.cloneNode(true).childNodes);
    }
    drawn.forEach(moveLine);
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
  const toggle = button => {
    const chart = button.closest('[data-figure]'), on = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', on);
    const {data} = figures[chart.dataset.figure], mine = [...data.keys()].filter(k => data[k].legendgroup === button.dataset.series);
    if (drawn.has(chart)) window.Plotly.restyle(area(chart), {visible: on}, mine);
  };
  learned.addEventListener('click', event => {
    const file = event.target.closest('[data-save]'), series = event.target.closest('[data-series]');
    if (file) save(file.closest('[data-figure]'), file.dataset.save);
    if (series) toggle(series);
  });
  const hint = learned.querySelector('.learned-hint');
  if (hint) hint.hidden = touch;
  if (innerWidth < 640) learned.querySelectorAll('.learned-note').forEach(note => { note.open = false; });
  play.hidden = slider.disabled = kept.length < 2;
}
