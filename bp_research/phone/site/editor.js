// The points on the photo, for a person to check and to move: by finger, mouse or keys (annotating/widget.py).

import { bounds } from './geometry.js';
import { t } from './texts.js';

const REACH = 32; // px of the screen within which a finger takes hold of a point
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TURNS = { n: 1, p: -1 };
const ZOOMS = { face: [0, 68], eyes: [17, 48], mouth: [48, 68] };

export class Editor {
  constructor(svg, outlines, announce) {
    const [photo, drawing] = svg.children;
    Object.assign(this, { svg, photo, drawing, outlines, announce });
    svg.addEventListener('pointerdown', (event) => this.#grab(event));
    const hold = (event) => this.#nearest(event.touches[0]) !== null && event.preventDefault();
    svg.addEventListener('touchstart', hold, { passive: false }); // elsewhere on the photo a finger scrolls the page
    svg.addEventListener('keydown', (event) => this.#key(event));
    photo.addEventListener('load', () => URL.revokeObjectURL(photo.href.baseVal));
  }

  // Show a face, whose `landmarks` every change replaces.
  show(face) {
    Object.assign(this, { face, chosen: 30 });
    const about = { width: face.width, height: face.height, href: URL.createObjectURL(face.file) };
    Object.entries(about).forEach(([name, value]) => this.photo.setAttribute(name, value));
    this.svg.ariaLabel = t('stage', { n: face.landmarks.length });
  }

  zoom(part) {
    const { low: [left, top], high: [right, bottom] } = bounds(this.face.landmarks.slice(...ZOOMS[part]));
    const margin = 0.2 * Math.max(right - left, bottom - top);
    const box = [left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin];
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
    const polyline = (points) => `<polyline class="outline" points="${points}"/>`;
    const circle = ([x, y, radius], name) => `<circle class="${name}" cx="${x}" cy="${y}" r="${radius}"/>`;
    const handle = ([x, y], i) => {
      const [name, size] = i === this.chosen ? ['handle selected', 6] : ['handle', 3.6];
      return circle([x, y, size / this.#scale()], name);
    };
    const lines = this.outlines.map((line) => line.map((i) => landmarks[i]).join(' '));
    const seen = [irises.right, irises.left].filter(Boolean).map((iris) => circle(iris, 'iris'));
    this.drawing.innerHTML = [...lines.map(polyline), ...seen, ...landmarks.map(handle)].join('');
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
    const [[x, y], scale] = [this.face.landmarks[nearest], this.#scale()];
    this.svg.setPointerCapture(event.pointerId);
    this.svg.onpointermove = ({ clientX, clientY }) =>
      this.#move(x + (clientX - event.clientX) / scale, y + (clientY - event.clientY) / scale);
    this.svg.onlostpointercapture = () => (this.svg.onpointermove = null);
  }

  #key(event) {
    const [turn, step] = [TURNS[event.key], STEPS[event.key]];
    const [x, y] = this.face.landmarks[this.chosen];
    const size = (event.shiftKey ? 5 : 1) / this.#scale();
    if (turn) this.#choose((this.chosen + turn + 68) % 68);
    if (step) this.#move(x + size * step[0], y + size * step[1]);
    if (turn || step) event.preventDefault();
  }

  #choose(i) {
    this.chosen = i;
    this.announce(t('point', { point: i + 1 }));
    this.#draw();
  }

  #move(x, y) {
    this.face.landmarks = this.face.landmarks.with(this.chosen, [x, y]);
    this.#draw();
  }
}
