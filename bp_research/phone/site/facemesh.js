// MediaPipe's Face Landmarker on LiteRT, as landmarks/facemesh.py feeds it: own detector, 478 points in two passes.

import { fail } from './errors.js';
import { area, bounds, middleOf, range, rotate, sigmoid, sum, tilt, transform } from './geometry.js';
import { cut, halve } from './images.js';

const [DETECTOR_SIZE, MESH_SIZE] = [128, 256];
const CROP = 1.5; // side of the crop in extents of the face
const OVERLAP = 0.3; // detections that share more are one face
const [RIGHT_EYE, LEFT_EYE] = [33, 263]; // outer corners

export class FaceMeshEngine {
  // `model` is model.json.
  static async load(model) {
    if (typeof WebAssembly !== 'object') fail('no_wasm');
    try {
      const { loadAndCompile, loadLiteRt, supportsFeature, Tensor } = await import('./litert/index.js');
      const runtime = `litert/litert_wasm${(await supportsFeature('relaxedSimd')) ? '' : '_compat'}_internal`;
      const packed = await fetch(`${runtime}.wasm.gzip`);
      const wasmBinary = await new Response(packed.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
      globalThis.Module = { wasmBinary, printErr: () => {} };
      await loadLiteRt(`${runtime}.js`, { threads: false });
      const net = (name) => loadAndCompile(`litert/${name}.tflite`, { accelerator: 'wasm' });
      return new FaceMeshEngine(model, Tensor, await net('face_detector'), await net('face_landmarks_detector'));
    } catch (error) {
      fail('no_engine', { reason: error.message });
    }
  }

  constructor(model, Tensor, detector, mesher) {
    Object.assign(this, { ...model.mesh, Tensor, detector, mesher });
  }

  // The best-scored face: its points, mesh, depth; and the boxes of all faces, its own first.
  async measure(picture) {
    const faces = await this.find(picture);
    if (!faces.length) fail('no_face');
    const first = await this.#look(picture, frameOf(faces[0]));
    const { mesh, depth, presence } = await this.#look(picture, frameOfMesh(first.mesh));
    if (presence < 0.5) fail('no_face');
    return { landmarks: this.mesh_to_68.map((vertex) => mesh[vertex]), mesh, depth, boxes: faces.map(({ box }) => box) };
  }

  async find(picture) {
    for (const [share, leastScore] of this.looks) {
      const found = [];
      for (const window of windows(picture, share)) found.push(...(await this.#detect(picture, window, leastScore)));
      const faces = [];
      for (const face of merged(found)) {
        const sure = face.score >= this.sure || (await this.#look(picture, frameOf(face))).presence >= this.believed;
        if (sure) faces.push(face);
      }
      if (faces.length) return faces;
    }
    return [];
  }

  async #run(net, bytes, scale, shift, size) {
    const content = new Float32Array(bytes).map((byte) => Math.fround(byte / scale) - shift);
    const input = new this.Tensor(content, [1, size, size, 3]);
    const outputs = await net.run(input);
    const values = outputs.map((output) => output.toTypedArray().slice());
    [input, ...outputs].forEach((tensor) => tensor.delete());
    return values;
  }

  async #detect(picture, [left, top, side], leastScore) {
    const frame = frameAt([left + (side - 1) / 2, top + (side - 1) / 2], side, 0, 2 * DETECTOR_SIZE);
    const square = halve(cut(picture, frame, 2 * DETECTOR_SIZE), 2 * DETECTOR_SIZE);
    const [regressions, scores] = await this.#run(this.detector, square, 127.5, 1, DETECTOR_SIZE);
    return this.anchors.flatMap((anchor, i) => {
      const score = sigmoid(scores[i]);
      if (score < leastScore) return [];
      const pair = (k, from) => [0, 1].map((axis) => ((regressions[16 * i + k + axis] + from[axis]) * side) / DETECTOR_SIZE);
      const [[x, y], [wide, high], right, leftEye] = [pair(0, anchor), pair(2, [0, 0]), pair(4, anchor), pair(6, anchor)];
      const corner = [left + x - wide / 2 - 0.5, top + y - high / 2 - 0.5];
      return { box: [...corner, corner[0] + wide, corner[1] + high], score, angle: tilt(right, leftEye) };
    });
  }

  // One pass of the mesh net.
  async #look(picture, frame) {
    const [values, presence] = await this.#run(this.mesher, cut(picture, frame, MESH_SIZE), 255, 0, MESH_SIZE);
    const points = range(0, 477).map((i) => [values[3 * i] - 0.5, values[3 * i + 1] - 0.5]);
    const depth = points.map((_, i) => values[3 * i + 2] * Math.hypot(frame[0][0], frame[1][0]));
    return { mesh: transform(points, frame), depth, presence: sigmoid(presence[0]) };
  }
}

// Square windows [left, top, side], px: one around the photo, or many inside, half overlapping.
function windows({ width, height }, share) {
  const side = share * Math.max(height, width);
  const starts = (length) => {
    const steps = Math.ceil((2 * length) / side - 1e-9) - 2;
    return steps > 0 ? range(0, steps).map((i) => ((length - side) * i) / steps) : [(length - side) / 2];
  };
  return starts(height).flatMap((top) => starts(width).map((left) => [left, top, side]));
}

// Detections of one face averaged, weighted by their scores; the best-scored face first.
function merged(faces) {
  if (!faces.length) return [];
  const best = faces.reduce((a, b) => (b.score > a.score ? b : a));
  const same = faces.filter((face) => overlap(face.box, best.box) > OVERLAP);
  const average = (value) => sum(same.map((face) => face.score * value(face))) / sum(same.map((face) => face.score));
  const box = best.box.map((_, edge) => average((face) => face.box[edge]));
  const others = merged(faces.filter((face) => !same.includes(face)));
  return [{ box, score: best.score, angle: average((face) => face.angle) }, ...others];
}

function overlap(a, b) {
  const [wide, high] = [0, 1].map((axis) => Math.min(a[axis + 2], b[axis + 2]) - Math.max(a[axis], b[axis]));
  const shared = Math.max(0, wide) * Math.max(0, high);
  return shared / (area(a) + area(b) - shared);
}

// The matrix that takes pixels of a turned square, `size` of them on a side of `side` px, to pixels of the photo.
function frameAt([x, y], side, angle, size) {
  const [half, scale] = [(size - 1) / 2, side / size];
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  return [[cos, -sin, x - half * cos + half * sin], [sin, cos, y - half * sin - half * cos]];
}

const frameOf = ({ box: [left, top, right, bottom], angle }) =>
  frameAt([(left + right) / 2, (top + bottom) / 2], CROP * Math.max(right - left, bottom - top), angle, MESH_SIZE);

function frameOfMesh(mesh) {
  const angle = tilt(mesh[RIGHT_EYE], mesh[LEFT_EYE]);
  const { low, high } = bounds(rotate(mesh.slice(0, 468), -angle));
  const [centre] = rotate([middleOf([low, high])], angle);
  return frameAt(centre, CROP * Math.max(high[0] - low[0], high[1] - low[1]), angle, MESH_SIZE);
}
