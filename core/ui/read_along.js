// A transcript that follows its sound: the piece that is heard is lit, and a click or Enter on one plays from it.
//
// Streamlit calls the function below on every rerun that changes something. What was said is put in as text.

const EARLY_S = 0.02; // browsers round the place they seek to; a piece counts as begun a little before it
const LONG = 240; // characters from which on the words are set smaller

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector('.along');
  const sound = root.querySelector('audio');
  const words = root.querySelector('.words');
  const lost = root.querySelector('.lost');

  // Relative to the page, whose address is one step below the site's root, wherever that is.
  const source = new URL(data.url.replace(/^\//, ''), document.baseURI).href;
  if (sound.src !== source) sound.src = source;
  const written = JSON.stringify(data.pieces);
  if (root.dataset.written !== written) {
    root.dataset.written = written;
    write(words, data.pieces);
  }

  const spans = [...words.children];
  let lit = null;
  let frame = 0;

  const light = () => {
    const at = sound.currentTime + EARLY_S;
    const begun = data.pieces.findLastIndex((piece) => piece.start <= at);
    const now = begun >= 0 && at < data.pieces[begun].end ? spans[begun] : null;
    if (now === lit) return;
    lit?.classList.remove('lit');
    lit?.removeAttribute('aria-current');
    lit = now;
    if (!lit) return;
    lit.classList.add('lit');
    lit.setAttribute('aria-current', 'true');
    if (!sound.paused) bringIntoView(words, lit);
  };
  const follow = () => {
    light();
    if (!sound.paused) frame = requestAnimationFrame(follow);
  };
  const play = (span) => {
    sound.currentTime = data.pieces[spans.indexOf(span)].start;
    reach(span);
    light();
    sound.play().catch(() => {}); // the place is set all the same; the visitor may press play
  };
  const reach = (span) => {
    for (const other of spans) other.tabIndex = other === span ? 0 : -1;
  };

  sound.onplay = () => {
    cancelAnimationFrame(frame);
    follow();
  };
  sound.onseeked = sound.ontimeupdate = light;
  sound.onerror = () => { lost.hidden = false; };
  sound.onloadedmetadata = () => { lost.hidden = true; };
  words.onclick = (event) => {
    const span = event.target.closest('span');
    if (span) play(span);
  };
  words.onkeydown = (event) => {
    const here = spans.indexOf(event.target);
    if (here < 0) return;
    const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: spans.length - 1 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') play(event.target);
    else if (to === undefined) return;
    else if (spans[to]) {
      reach(spans[to]);
      spans[to].focus();
    }
    event.preventDefault();
  };
  light();
  return () => {
    cancelAnimationFrame(frame);
    sound.pause();
  };
}

function write(words, pieces) {
  words.replaceChildren();
  words.classList.toggle('long', pieces.reduce((sum, piece) => sum + piece.text.length, 0) > LONG);
  pieces.forEach((piece, number) => {
    const span = document.createElement('span');
    span.textContent = piece.text;
    span.title = piece.title;
    span.tabIndex = number ? -1 : 0; // one stop for Tab; the arrows go from word to word
    span.setAttribute('role', 'button');
    if (number) words.append(' ');
    words.append(span);
  });
}

function bringIntoView(words, span) {
  const [outer, inner] = [words.getBoundingClientRect(), span.getBoundingClientRect()];
  if (inner.bottom > outer.bottom) words.scrollTop += inner.bottom - outer.bottom + outer.height / 3;
  else if (inner.top < outer.top) words.scrollTop -= outer.top - inner.top + outer.height / 3;
}
