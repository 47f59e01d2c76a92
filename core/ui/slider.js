// Two pictures one over the other, and an edge between them that a mouse, a finger or the arrow keys move.
//
// Streamlit calls the function below on every rerun; the edge stays where the visitor left it.

export default function ({ parentElement, data }) {
  const stage = parentElement.querySelector('.stage');
  const range = stage.querySelector('input');
  stage.style.aspectRatio = `${data.width} / ${data.height}`;
  stage.style.maxWidth = `${(68 * data.width) / data.height}vh`; // never taller than most of the screen
  for (const side of ['before', 'after']) {
    const picture = stage.querySelector(`img.${side}`);
    if (picture.src !== data[side].url) picture.src = data[side].url;
    picture.alt = data[side].alt;
  }
  stage.querySelector('.left').textContent = data.before.name;
  stage.querySelector('.right').textContent = data.after.name;
  range.setAttribute('aria-label', `How much of ${data.before.name.toLowerCase()} is shown over ${data.after.name.toLowerCase()}`);

  const show = () => {
    stage.style.setProperty('--at', `${range.value}%`);
    range.setAttribute('aria-valuetext', `${range.value} % ${data.before.name}`);
  };
  const move = (event) => {
    const edge = stage.getBoundingClientRect();
    range.value = String(Math.round((100 * (event.clientX - edge.left)) / edge.width));
    show();
  };
  range.oninput = show;
  stage.onpointerdown = (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    range.focus({ preventScroll: true, focusVisible: false });
    move(event);
    event.preventDefault();
  };
  stage.onpointermove = (event) => {
    if (stage.hasPointerCapture(event.pointerId)) move(event);
  };
  show();
}
