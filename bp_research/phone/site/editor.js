// The points on the photo, for a person to check and to move: by finger, mouse or keys (annotating/widget.py).

import { bounds } from './geometry.js';
import { t } from './texts.js';

const REACH = 32; // px of the screen within which a finger takes hold of a point
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ZOOMS = { face: [0, 68], eyes: [17, 48], mouth: [48, 68] };

export class Editor {
  constructor(svg, outlines, announce) {
    Object.assign(this, { svg, outlines, announce });
    svg.addEventListener('pointerdown', (event) => this.#grab(event));
    const hold = (event) => this.#nearest(event.touches[0]) !== null && event.preventDefault();
    svg.addEventListener('touchstart', hold, { passive: false }); // elsewhere on the photo a finger scrolls the page
    svg.addEventListener('keydown', (event) => this.#key(event));
  }

  // Show a face, whose `landmarks` every change replaces.
  show(face) {
    Object.assign(this, { face, chosen: 30 });
    const [href, { width, height }] = [URL.createObjectURL(face.file), face];
    const photo = shape('image', { href, x: -0.5, y: -0.5, width, height });
    photo.addEventListener('load', () => URL.revokeObjectURL(href));
    this.svg.replaceChildren(photo);
    this.lines = this.outlines.map(() => this.svg.appendChild(shape('polyline', { class: 'outline' })));
    this.circles = ['right', 'left'].map(() => this.svg.appendChild(shape('circle', { class: 'iris' })));
    this.handles = face.landmarks.map(() => this.svg.appendChild(shape('circle', { class: 'handle' })));
    this.svg.setAttribute('aria-label', t('stage', { n: face.landmarks.length }));
  }

  zoom(part) {
    const { low, high } = bounds(this.face.landmarks.slice(...ZOOMS[part]));
    const margin = (part === 'face' ? 0.16 : 0.22) * Math.max(high[0] - low[0], high[1] - low[1]);
    const box = [low[0] - margin, low[1] - margin, high[0] - low[0] + 2 * margin, high[1] - low[1] + 2 * margin];
    this.svg.setAttribute('viewBox', box.join(' '));
    this.#draw();
  }

  // All points as they were found.
  reset() {
    this.face.landmarks = this.face.detected;
    this.#draw();
  }

  #draw() {
    const { landmarks, irises } = this.face;
    const radius = 3.6 / this.#scale();
    this.handles.forEach((handle, i) => {
      set(handle, { cx: landmarks[i][0], cy: landmarks[i][1], r: i === this.chosen ? 1.7 * radius : radius });
      handle.classList.toggle('selected', i === this.chosen);
    });
    this.lines.forEach((line, i) => set(line, { points: this.outlines[i].map((point) => landmarks[point]).join(' ') }));
    [irises.right, irises.left].forEach((iris, i) => {
      const [cx, cy, r] = iris ?? [0, 0, 0];
      set(this.circles[i], { cx, cy, r });
    });
  }

  // Pixels of the screen per pixel of the photo.
  #scale() {
    return this.svg.getScreenCTM()?.a || 1;
  }

  #nearest({ clientX, clientY }) {
    const matrix = this.svg.getScreenCTM();
    const far = ([x, y]) => Math.hypot(matrix.a * x + matrix.e - clientX, matrix.d * y + matrix.f - clientY);
    const distances = this.face.landmarks.map(far);
    const best = distances.indexOf(Math.min(...distances));
    return distances[best] <= REACH ? best : null;
  }

  // The point moves as the finger does, without jumping under it: it stays visible.
  #grab(event) {
    const nearest = this.#nearest(event);
    if (nearest === null) return;
    this.#choose(nearest);
    const from = this.face.landmarks[nearest];
    const [startX, startY, scale] = [event.clientX, event.clientY, this.#scale()];
    this.svg.setPointerCapture(event.pointerId);
    const follow = ({ clientX, clientY }) =>
      this.#move([from[0] + (clientX - startX) / scale, from[1] + (clientY - startY) / scale]);
    this.svg.addEventListener('pointermove', follow);
    const end = () => this.svg.removeEventListener('pointermove', follow);
    this.svg.addEventListener('lostpointercapture', end, { once: true });
  }

  #key(event) {
    const step = { n: 1, p: -1 }[event.key];
    const move = STEPS[event.key];
    if (step) this.#choose((this.chosen + step + this.handles.length) % this.handles.length);
    const [x, y] = this.face.landmarks[this.chosen];
    const size = (event.shiftKey ? 5 : 1) / this.#scale();
    if (move) this.#move([x + size * move[0], y + size * move[1]]);
    if (step || move) event.preventDefault();
  }

  #choose(i) {
    this.chosen = i;
    this.announce(t('point', { point: i + 1 }));
    this.#draw();
  }

  #move([x, y]) {
    this.face.landmarks = this.face.landmarks.with(this.chosen, [x, y]);
    this.#draw();
  }
}

const NAMESPACE = document.querySelector('svg').namespaceURI;
const set = (shaped, values) => Object.entries(values).forEach(([name, value]) => shaped.setAttribute(name, value));

function shape(name, values) {
  const made = document.createElementNS(NAMESPACE, name);
  set(made, values);
  return made;
}
