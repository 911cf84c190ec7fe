// MediaPipe's Face Landmarker on LiteRT, as landmarks/facemesh.py feeds it: own detector, 478 points in two passes.

import { fail } from './errors.js';
import { area, boxAround, dot, frameAt, range, sigmoid, sum, tilt, transform } from './geometry.js';
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
      const nets = { detector: await net('face_detector'), mesher: await net('face_landmarks_detector') };
      return Object.assign(new FaceMeshEngine(), { ...model.mesh, ...nets, Tensor });
    } catch (error) {
      fail('no_engine', { reason: error.message });
    }
  }

  // The best-scored face: its points, mesh, depth; and the boxes of all faces, its own first.
  async measure(picture) {
    const faces = await this.find(picture);
    const first = await this.#look(picture, frameOf(faces[0]));
    const { mesh, depth, presence } = await this.#look(picture, frameOfMesh(first.mesh));
    if (presence < 0.5) fail('no_face');
    const landmarks = this.mesh_to_68.map((vertex) => mesh[vertex]);
    return { landmarks, mesh, depth, boxes: faces.map(({ box }) => box) };
  }

  async find(picture) {
    const isSure = async (face) =>
      face.score >= this.sure || (await this.#look(picture, frameOf(face))).presence >= this.believed;
    for (const [share, leastScore] of this.looks) {
      const detect = (window) => this.#detect(picture, window, leastScore);
      const found = merged((await Array.fromAsync(windows(picture, share), detect)).flat()); // one after another
      const sure = await Array.fromAsync(found, isSure);
      if (sure.some(Boolean)) return found.filter((_, i) => sure[i]);
    }
    fail('no_face');
  }

  async #run(net, bytes, scale, shift, size) {
    const content = new Float32Array(bytes).map((byte) => Math.fround(byte / scale) - shift);
    const input = new this.Tensor(content, [1, size, size, 3]);
    const outputs = await net.run(input);
    const values = outputs.map((output) => output.toTypedArray().slice());
    [input, ...outputs].forEach((tensor) => tensor.delete());
    return values;
  }

  // A window is the matrix that takes its pixels, of twice the detector's size, to those of the photo.
  async #detect(picture, window, leastScore) {
    const square = halve(cut(picture, window, 2 * DETECTOR_SIZE), 2 * DETECTOR_SIZE);
    const [regressions, scores] = await this.#run(this.detector, square, 127.5, 1, DETECTOR_SIZE);
    return this.anchors.flatMap((anchor, i) => {
      const score = sigmoid(scores[i]);
      if (score < leastScore) return [];
      const [x, y, wide, high, ...eyes] = regressions.subarray(16 * i, 16 * i + 8);
      const corners = [[2 * x - wide, 2 * y - high], [2 * x + wide, 2 * y + high]];
      const box = transform(corners, window.translate(2 * anchor[0] - 0.5, 2 * anchor[1] - 0.5)).flat();
      return { box, score, angle: tilt(eyes.slice(0, 2), eyes.slice(2)) };
    });
  }

  // One pass of the mesh net.
  async #look(picture, frame) {
    const [values, presence] = await this.#run(this.mesher, cut(picture, frame, MESH_SIZE), 255, 0, MESH_SIZE);
    const points = range(0, 477).map((i) => [values[3 * i] - 0.5, values[3 * i + 1] - 0.5]);
    const depth = points.map((_, i) => values[3 * i + 2] * Math.hypot(frame.a, frame.b));
    return { mesh: transform(points, frame), depth, presence: sigmoid(presence[0]) };
  }
}

// Square windows: one around the photo, or many inside, half overlapping.
function windows({ width, height }, share) {
  const side = share * Math.max(height, width);
  const middles = (length) => {
    const steps = Math.ceil((2 * length) / side - 1e-9) - 2;
    const starts = steps > 0 ? range(0, steps).map((i) => ((length - side) * i) / steps) : [(length - side) / 2];
    return starts.map((start) => start + (side - 1) / 2);
  };
  return middles(height).flatMap((y) => middles(width).map((x) => squareAt([x, y], side, 0, 2 * DETECTOR_SIZE)));
}

// Detections of one face averaged, weighted by their scores; the best-scored face first.
function merged(faces) {
  if (!faces.length) return [];
  const best = faces.reduce((a, b) => (b.score > a.score ? b : a));
  const same = faces.filter((face) => overlap(face.box, best.box) > OVERLAP);
  const scores = same.map((face) => face.score);
  const average = (value) => dot(scores, same.map(value)) / sum(scores);
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
const squareAt = (centre, side, angle, size) =>
  frameAt(centre, side / size, angle).translate((1 - size) / 2, (1 - size) / 2);

const frameOf = ({ box: [left, top, right, bottom], angle }) =>
  squareAt([(left + right) / 2, (top + bottom) / 2], CROP * Math.max(right - left, bottom - top), angle, MESH_SIZE);

function frameOfMesh(mesh) {
  const turn = frameAt([0, 0], 1, tilt(mesh[RIGHT_EYE], mesh[LEFT_EYE]));
  return turn.multiply(frameOf({ box: boxAround(transform(mesh.slice(0, 468), turn.inverse())), angle: 0 }));
}
