// The points on the photo, for a person to check and to move: by finger, mouse or keys (annotating/widget.py).

import { boxAround, distance, transform } from './geometry.js';
import { word } from './texts.js';

const REACH = 32; // px of the screen within which a finger takes hold of a point
const SIZE = 3.6; // px of the screen, radius of a point
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TURNS = { n: 1, p: -1 };
const ZOOMS = { face: [0, 68], eyes: [17, 48], mouth: [48, 68] };

export class Editor {
  constructor(svg, outlines) {
    const [photo, drawing] = svg.children;
    Object.assign(this, { svg, photo, drawing, outlines });
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
    this.zoom('face');
  }

  zoom(part) {
    const [left, top, right, bottom] = boxAround(this.face.landmarks.slice(...ZOOMS[part]));
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
    const circle = (name, [x, y, radius]) => `<circle class="${name}" cx="${x}" cy="${y}" r="${radius}"/>`;
    const outline = (line) => `<polyline class="outline" points="${line.map((i) => landmarks[i])}"/>`;
    const seen = [irises.right, irises.left].filter(Boolean).map((iris) => circle('iris', iris));
    const name = (i) => (i === this.chosen ? 'handle selected' : 'handle');
    const handle = ([x, y], i) => circle(name(i), [x, y, SIZE / this.#scale()]);
    this.drawing.innerHTML = [...this.outlines.map(outline), ...seen, ...landmarks.map(handle)].join('');
  }

  // Pixels of the screen per pixel of the photo.
  #scale() {
    return this.svg.getScreenCTM()?.a || 1;
  }

  #nearest({ clientX, clientY }) {
    const points = transform(this.face.landmarks, this.svg.getScreenCTM());
    const distances = points.map((point) => distance(point, [clientX, clientY]));
    const best = distances.indexOf(Math.min(...distances));
    return distances[best] <= REACH ? best : null;
  }

  // The point moves as the finger does, without jumping under it: it stays visible.
  #grab(event) {
    const nearest = this.#nearest(event);
    if (nearest === null) return;
    this.#choose(nearest);
    const point = this.face.landmarks[nearest];
    this.svg.setPointerCapture(event.pointerId);
    this.svg.onpointermove = ({ clientX, clientY }) =>
      this.#move(point, clientX - event.clientX, clientY - event.clientY);
    this.svg.onlostpointercapture = () => (this.svg.onpointermove = null);
  }

  #key(event) {
    const [turn, step] = [TURNS[event.key], STEPS[event.key]];
    const size = event.shiftKey ? 5 : 1;
    if (turn) this.#choose((this.chosen + turn + 68) % 68);
    if (step) this.#move(this.face.landmarks[this.chosen], size * step[0], size * step[1]);
    if (turn || step) event.preventDefault();
  }

  #choose(i) {
    this.chosen = i;
    word('chosen', 'point', { point: i + 1 });
    this.#draw();
  }

  // The chosen point lies so many pixels of the screen away from a place on the photo.
  #move([x, y], across, down) {
    const point = [x + across / this.#scale(), y + down / this.#scale()];
    this.face.landmarks = this.face.landmarks.with(this.chosen, point);
    this.#draw();
  }
}
