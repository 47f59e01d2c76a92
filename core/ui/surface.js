// A surface over a picture, turned by mouse, finger, keyboard or buttons. Plain WebGL 2, nothing else.
//
// Streamlit calls the function below on every rerun; the surface stays as the visitor turned it.

const START = { yaw: -0.5, pitch: 0.22, distance: 3.2 };
const STEP = 0.15; // radians of one key or button
const LIMITS = { yaw: 1.3, pitch: 1.1, near: 1.6, far: 8 };

const VERTEX = `#version 300 es
in vec3 point; in vec2 place;
uniform vec2 turn; uniform float away; uniform vec2 focal;
out vec2 at; out vec3 spot;
void main() {
  at = place;
  float c = cos(turn.x), s = sin(turn.x);
  vec3 p = vec3(c * point.x + s * point.z, point.y, c * point.z - s * point.x);
  c = cos(turn.y); s = sin(turn.y);
  p = vec3(p.x, c * p.y - s * p.z, s * p.y + c * p.z);
  spot = p;
  float d = away - p.z;
  gl_Position = vec4(p.xy * focal, (2.0 * (d - 0.1) / 19.9 - 1.0) * d, d);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec2 at; in vec3 spot;
uniform sampler2D picture;
out vec4 colour;
void main() {
  vec3 normal = normalize(cross(dFdx(spot), dFdy(spot)));
  float light = 0.78 + 0.22 * abs(normal.z); // the sides of what stands out are a little darker
  colour = vec4(texture(picture, at).rgb * light, 1.0);
}`;

const surfaces = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector('.turn');
  if (!surfaces.has(root)) surfaces.set(root, begin(root, data));
  return surfaces.get(root).stop;
}

function begin(root, data) {
  const canvas = root.querySelector('canvas');
  canvas.setAttribute('aria-label', `${data.alt}. Arrow keys turn it, plus and minus come closer and go back.`);
  canvas.style.aspectRatio = String(Math.min(2, Math.max(0.8, data.width / data.height)));
  canvas.style.maxHeight = '60vh';
  const view = { root, canvas, data, ...START, colours: false, waiting: false };
  const toggle = root.querySelector('[data-do=colours]');
  toggle.hidden = !data.picture;
  view.colours = !data.picture;
  const gl = canvas.getContext('webgl2', { antialias: true });
  if (!gl) {
    root.querySelector('.none').hidden = false;
    root.querySelector('.tools').hidden = true;
    return { stop: () => {} };
  }
  view.gl = gl;
  view.program = program(gl);
  mesh(view);
  view.textures = [texture(view, data.picture || data.colours), texture(view, data.colours)];
  listen(view);
  const watcher = new ResizeObserver(() => draw(view));
  watcher.observe(canvas);
  canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
  const stop = () => {
    watcher.disconnect();
    gl.getExtension('WEBGL_lose_context')?.loseContext(); // a browser has few of them
    surfaces.delete(root);
  };
  return { stop };
}

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  gl.useProgram(made);
  return made;
}

function mesh({ gl, program: made, data }) {
  const bytes = Uint8Array.from(atob(data.heights), (letter) => letter.charCodeAt(0));
  const heights = new Uint16Array(bytes.buffer);
  const { rows, columns } = data;
  const longer = Math.max(data.width, data.height);
  const vertices = new Float32Array(rows * columns * 5);
  for (let row = 0, n = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1, n += 1) {
      const [u, v] = [column / (columns - 1), row / (rows - 1)];
      const point = [((2 * u - 1) * data.width) / longer, ((1 - 2 * v) * data.height) / longer, (heights[n] / 65535 - 0.5) * data.relief];
      vertices.set([...point, u, v], n * 5);
    }
  const triangles = new Uint32Array((rows - 1) * (columns - 1) * 6);
  for (let row = 0, n = 0; row < rows - 1; row += 1)
    for (let column = 0; column < columns - 1; column += 1, n += 6) {
      const a = row * columns + column;
      triangles.set([a, a + columns, a + 1, a + 1, a + columns, a + columns + 1], n);
    }
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STATIC_DRAW);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STATIC_DRAW);
  for (const [name, size, offset] of [['point', 3, 0], ['place', 2, 12]]) {
    const at = gl.getAttribLocation(made, name);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, gl.FLOAT, false, 20, offset);
  }
}

function texture(view, url) {
  const { gl } = view;
  const made = gl.createTexture();
  const picture = new Image();
  picture.onload = () => {
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    draw(view);
  };
  picture.src = url;
  return made;
}

function draw(view) {
  if (view.waiting) return;
  view.waiting = true;
  requestAnimationFrame(() => {
    view.waiting = false;
    const { gl, canvas, data } = view;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (!width || !height || gl.isContextLost()) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    // The picture, seen from the front at the first distance, fills three quarters of the canvas.
    const aspect = width / height;
    const longer = Math.max(data.width, data.height);
    const focal = 0.74 * START.distance * Math.min((aspect * longer) / data.width, longer / data.height);
    gl.viewport(0, 0, width, height);
    gl.enable(gl.DEPTH_TEST);
    gl.clearColor(0.1, 0.14, 0.125, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniform2f(gl.getUniformLocation(view.program, 'turn'), view.yaw, view.pitch);
    gl.uniform1f(gl.getUniformLocation(view.program, 'away'), view.distance);
    gl.uniform2f(gl.getUniformLocation(view.program, 'focal'), focal / aspect, focal);
    gl.bindTexture(gl.TEXTURE_2D, view.textures[view.colours ? 1 : 0]);
    gl.drawElements(gl.TRIANGLES, (data.rows - 1) * (data.columns - 1) * 6, gl.UNSIGNED_INT, 0);
  });
}

function turn(view, yaw, pitch) {
  view.yaw = Math.min(LIMITS.yaw, Math.max(-LIMITS.yaw, view.yaw + yaw));
  view.pitch = Math.min(LIMITS.pitch, Math.max(-LIMITS.pitch, view.pitch + pitch));
  draw(view);
}

function come(view, factor) {
  view.distance = Math.min(LIMITS.far, Math.max(LIMITS.near, view.distance * factor));
  draw(view);
}

const DOES = {
  left: (view) => turn(view, -STEP, 0),
  right: (view) => turn(view, STEP, 0),
  up: (view) => turn(view, 0, -STEP),
  down: (view) => turn(view, 0, STEP),
  in: (view) => come(view, 0.88),
  out: (view) => come(view, 1 / 0.88),
  reset: (view) => {
    Object.assign(view, START);
    draw(view);
  },
  colours: (view) => {
    view.colours = !view.colours;
    view.root.querySelector('[data-do=colours]').setAttribute('aria-pressed', String(view.colours));
    draw(view);
  },
};

const KEYS = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', '+': 'in', '=': 'in', '-': 'out', Home: 'reset' };

function listen(view) {
  const { canvas, root } = view;
  let last = null;
  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    last = [event.clientX, event.clientY];
  };
  canvas.onpointermove = (event) => {
    if (!last || !canvas.hasPointerCapture(event.pointerId)) return;
    turn(view, (event.clientX - last[0]) / 160, (event.clientY - last[1]) / 160);
    last = [event.clientX, event.clientY];
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    last = null;
  };
  canvas.onkeydown = (event) => {
    const what = KEYS[event.key];
    if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    DOES[what](view);
  };
  root.querySelector('.tools').onclick = (event) => {
    const what = event.target.closest('button')?.dataset.do;
    if (what) DOES[what](view);
  };
}
