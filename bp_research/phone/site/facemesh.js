// MediaPipe's Face Landmarker on LiteRT, as landmarks/facemesh.py feeds it: own detector, 478 points in two passes.

import { fail } from './errors.js';
import { bounds, frameAt, middleOf, rotate, sigmoid, tilt, transform } from './geometry.js';
import { cut, halve } from './images.js';

const DETECTOR_SIZE = 128;
const MESH_SIZE = 256;
const CROP = 1.5; // side of the crop in extents of the face
const OVERLAP = 0.3; // detections that share more are one face
const [RIGHT_EYE, LEFT_EYE] = [33, 263]; // outer corners
// Windows in which a face is looked for: their side, in longer sides of the photo, and the least score.
const LOOKS = [[1, 0.5], [1.5, 0.6], [1 / 2, 0.6], [1 / 3, 0.7]];
const [SURE, BELIEVED] = [0.8, 0.9];

export class FaceMeshEngine {
  // `model` is model.json.
  static async load(model) {
    if (typeof WebAssembly !== 'object') fail('no_wasm');
    try {
      const { loadAndCompile, loadLiteRt, supportsFeature, Tensor } = await import('./litert/index.js');
      const runtime = `litert/litert_wasm${(await supportsFeature('relaxedSimd')) ? '' : '_compat'}_internal`;
      const packed = await fetch(`${runtime}.wasm.gzip`);
      const wasm = await new Response(packed.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
      globalThis.Module = { wasmBinary: wasm, printErr: () => {} };
      await loadLiteRt(`${runtime}.js`, { threads: false });
      const net = async (name) => {
        const content = new Uint8Array(await (await fetch(`litert/${name}.tflite`)).arrayBuffer());
        return loadAndCompile(content, { accelerator: 'wasm' });
      };
      return new FaceMeshEngine(model, Tensor, await net('face_detector'), await net('face_landmarks_detector'));
    } catch (error) {
      fail('no_engine', { reason: error.message });
    }
  }

  constructor(model, Tensor, detector, mesher) {
    Object.assign(this, { model, Tensor, detector, mesher });
  }

  // The best-scored face: its points, mesh, depth; and the boxes of all faces, its own first.
  async measure(picture) {
    const faces = await this.find(picture);
    if (!faces.length) fail('no_face');
    const first = await this.#look(picture, frameOf(faces[0]));
    const { mesh, depth, presence } = await this.#look(picture, frameOfMesh(first.mesh));
    if (presence < 0.5) fail('no_face');
    const landmarks = this.model.mesh.to_68.map((vertex) => mesh[vertex]);
    return { landmarks, mesh, depth, boxes: faces.map(({ box }) => box) };
  }

  async find(picture) {
    for (const [share, leastScore] of LOOKS) {
      const found = [];
      for (const window of windows(picture, share)) found.push(...(await this.#detect(picture, window, leastScore)));
      const faces = [];
      for (const face of merged(found)) {
        if (face.score >= SURE || (await this.#look(picture, frameOf(face))).presence >= BELIEVED) faces.push(face);
      }
      if (faces.length) return faces;
    }
    return [];
  }

  async #run(net, bytes, scale, shift, size) {
    const values32 = Float32Array.from(bytes, (byte) => Math.fround(byte / scale) - shift);
    const input = new this.Tensor(values32, [1, size, size, 3]);
    const outputs = await net.run(input);
    const values = outputs.map((output) => output.toTypedArray().slice());
    [input, ...outputs].forEach((tensor) => tensor.delete());
    return values;
  }

  async #detect(picture, [left, top, side], leastScore) {
    const fine = side / (2 * DETECTOR_SIZE);
    const frame = [[fine, 0, left + fine / 2 - 0.5], [0, fine, top + fine / 2 - 0.5]];
    const square = halve(cut(picture, frame, 2 * DETECTOR_SIZE), 2 * DETECTOR_SIZE);
    const [regressions, scores] = await this.#run(this.detector, square, 127.5, 1, DETECTOR_SIZE);
    const faces = [];
    ANCHORS.forEach(([x, y], i) => {
      const score = sigmoid(scores[i]);
      if (score < leastScore) return;
      const values = regressions.subarray(16 * i, 16 * i + 8);
      const pair = (k, from) => [0, 1].map((axis) => ((values[k + axis] + from[axis]) * side) / DETECTOR_SIZE);
      const [centre, size, right, leftEye] = [pair(0, [x, y]), pair(2, [0, 0]), pair(4, [x, y]), pair(6, [x, y])];
      const corner = [centre[0] - size[0] / 2 + left - 0.5, centre[1] - size[1] / 2 + top - 0.5];
      faces.push({ box: [...corner, corner[0] + size[0], corner[1] + size[1]], score, angle: tilt(right, leftEye) });
    });
    return faces;
  }

  // One pass of the mesh net.
  async #look(picture, frame) {
    const [values, presence] = await this.#run(this.mesher, cut(picture, frame, MESH_SIZE), 255, 0, MESH_SIZE);
    const points = Array.from({ length: 478 }, (_, i) => [values[3 * i] - 0.5, values[3 * i + 1] - 0.5]);
    const scale = Math.hypot(frame[0][0], frame[1][0]);
    const depth = points.map((_, i) => values[3 * i + 2] * scale);
    return { mesh: transform(points, frame), depth, presence: sigmoid(presence[0]) };
  }
}

// Centres, px, to which the detector's answers refer: two on each cell of 8 px, six of 16 px.
const ANCHORS = [[8, 2], [16, 6]].flatMap(([stride, number]) => {
  const line = Array.from({ length: DETECTOR_SIZE / stride }, (_, i) => stride * (i + 0.5));
  return line.flatMap((y) => line.flatMap((x) => Array(number).fill([x, y])));
});

// Square windows [left, top, side], px: one around the photo, or many inside, half overlapping.
function windows({ width, height }, share) {
  const side = share * Math.max(height, width);
  const starts = (length) => {
    const number = Math.ceil((2 * length) / side - 1e-9) - 1;
    if (number <= 1) return [(length - side) / 2];
    return Array.from({ length: number }, (_, i) => ((length - side) * i) / (number - 1));
  };
  return starts(height).flatMap((top) => starts(width).map((left) => [left, top, side]));
}

// Detections of one face averaged, weighted by their scores; the best-scored face first.
function merged(faces) {
  if (!faces.length) return [];
  const best = faces.reduce((a, b) => (b.score > a.score ? b : a));
  const same = faces.filter((face) => overlap(face.box, best.box) > OVERLAP);
  const sum = (value) => same.reduce((total, face) => total + face.score * value(face), 0);
  const average = (value) => sum(value) / sum(() => 1);
  const box = best.box.map((_, edge) => average((face) => face.box[edge]));
  const others = merged(faces.filter((face) => !same.includes(face)));
  return [{ box, score: best.score, angle: average((face) => face.angle) }, ...others];
}

function overlap(a, b) {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (wide <= 0 || high <= 0) return 0;
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (wide * high) / (area(a) + area(b) - wide * high);
}

function frameOf({ box: [left, top, right, bottom], angle }) {
  return frameAt([(left + right) / 2, (top + bottom) / 2], CROP * Math.max(right - left, bottom - top), angle, MESH_SIZE);
}

function frameOfMesh(mesh) {
  const angle = tilt(mesh[RIGHT_EYE], mesh[LEFT_EYE]);
  const { low, high } = bounds(rotate(mesh.slice(0, 468), -angle));
  const [centre] = rotate([middleOf([low, high])], angle);
  return frameAt(centre, CROP * Math.max(high[0] - low[0], high[1] - low[1]), angle, MESH_SIZE);
}
