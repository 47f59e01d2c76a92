// The drawing board: strokes in, a PNG out when a stroke has ended.
//
// Streamlit calls the function below on every rerun that changes something, and builds the element anew
// when the visitor comes back to the page. The strokes live in `boards`, by key, so they survive both.

const boards = new Map();
const SETTLE_MS = 250; // a letter of several strokes is sent once
const MAX_SIDE = 1024; // pixels of the picture that is sent

const INK = { paper: ['#ffffff', '#101614'], slate: ['#22302b', '#f4f7f2'] };

export default function ({ parentElement, data, setStateValue }) {
  if (!boards.has(data.key)) boards.set(data.key, { strokes: [], width: 11, slate: false, room: 0, timer: 0 });
  const board = boards.get(data.key);
  board.send = (png) => setStateValue('png', png);

  const root = parentElement.querySelector('.board');
  if (root.dataset.ready) {
    if (board.strokes.length && !data.kept && !board.timer) deliver(board);
    return board.stop; // Streamlit calls what the latest call returned
  }
  root.dataset.ready = '1';
  board.root = root;
  board.sheet = root.querySelector('.sheet');
  board.canvas = root.querySelector('canvas');
  board.canvas.style.height = `${data.height}px`;
  listen(board);
  const watcher = new ResizeObserver(() => paint(board));
  watcher.observe(board.canvas);
  update(board);
  if (board.strokes.length && !data.kept) deliver(board);
  board.stop = () => watcher.disconnect();
  return board.stop;
}

function listen(board) {
  const { canvas, root } = board;
  let pointer = null;

  canvas.onpointerdown = (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    clearTimeout(board.timer);
    board.timer = 0;
    board.room = Math.max(board.room, canvas.clientWidth);
    board.strokes.push({ width: board.width, points: [place(board, event)] });
    update(board);
    event.preventDefault();
  };
  canvas.onpointermove = (event) => {
    if (event.pointerId !== pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) board.strokes.at(-1).points.push(place(board, one));
    paint(board);
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    settle(board);
  };
  root.querySelector('.tools').onclick = (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.width) board.width = Number(button.dataset.width);
    else if (button.dataset.do === 'slate') board.slate = !board.slate;
    else if (button.dataset.do === 'undo') board.strokes.pop();
    else board.strokes.length = 0;
    update(board);
    if (!button.dataset.width && (board.strokes.length || button.dataset.do !== 'slate')) settle(board);
  };
}

// Points are kept from the middle of the sheet, so that turning a phone moves nothing off the drawing.
function place(board, event) {
  const edge = board.canvas.getBoundingClientRect();
  const scale = fit(board);
  return [(event.clientX - edge.left - edge.width / 2) / scale, (event.clientY - edge.top - edge.height / 2) / scale];
}

function fit(board) {
  return Math.min(1, board.canvas.clientWidth / (board.room || 1));
}

function settle(board) {
  clearTimeout(board.timer);
  board.timer = setTimeout(() => deliver(board), SETTLE_MS);
}

function deliver(board) {
  clearTimeout(board.timer);
  board.timer = 0;
  if (!board.strokes.length) return board.send(null);
  const { clientWidth, clientHeight } = board.canvas;
  if (!clientWidth) return undefined;
  const scale = Math.min(window.devicePixelRatio || 1, MAX_SIDE / Math.max(clientWidth, clientHeight));
  const picture = document.createElement('canvas');
  picture.width = Math.round(clientWidth * scale);
  picture.height = Math.round(clientHeight * scale);
  render(board, picture, scale);
  return board.send(picture.toDataURL('image/png'));
}

function update(board) {
  const { root, strokes } = board;
  const count = strokes.length;
  board.sheet.classList.toggle('slate', board.slate);
  board.sheet.classList.toggle('drawn', count > 0);
  for (const button of root.querySelectorAll('[data-width]'))
    button.setAttribute('aria-pressed', String(Number(button.dataset.width) === board.width));
  root.querySelector('[data-do=slate]').setAttribute('aria-pressed', String(board.slate));
  for (const name of ['undo', 'clear']) root.querySelector(`[data-do=${name}]`).disabled = count === 0;
  const said = count === 0 ? 'An empty sheet to draw on' : `A drawing of ${count} ${count === 1 ? 'stroke' : 'strokes'}`;
  board.canvas.setAttribute('aria-label', said);
  root.querySelector('.said').textContent = said;
  paint(board);
}

function paint(board) {
  const { canvas } = board;
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (!width) return;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  render(board, canvas, scale);
}

function render(board, canvas, scale) {
  const pen = canvas.getContext('2d');
  const [sheet, ink] = INK[board.slate ? 'slate' : 'paper'];
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = sheet;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const size = scale * fit(board);
  pen.setTransform(size, 0, 0, size, canvas.width / 2, canvas.height / 2);
  pen.lineCap = pen.lineJoin = 'round';
  pen.strokeStyle = ink;
  for (const { width, points } of board.strokes) {
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(...points[0]);
    // Through the middles of the way, bent by the points: a hand's line has no corners.
    for (let at = 1; at < points.length - 1; at += 1) {
      const [[x, y], [u, v]] = [points[at], points[at + 1]];
      pen.quadraticCurveTo(x, y, (x + u) / 2, (y + v) / 2);
    }
    pen.lineTo(...points.at(-1)); // a single point becomes a dot, by its round cap
    pen.stroke();
  }
}
