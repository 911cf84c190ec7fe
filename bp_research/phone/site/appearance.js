// What the pixels of a face tell of blur and covers (landmarks/quality.py).

import { boxAround, dot, eyeFrame, frameAt, mapValues, mean, median, middleOf, range, transform } from './geometry.js';
import { cut, halve } from './images.js';

const SIZE = 256; // px of the picture that is looked at, eyes level
const FACE = range(50, 228).flatMap((row) => range(42, 214).map((column) => SIZE * row + column)); // its pixels there
const COLOURED = [range(36, 41), range(42, 47), range(48, 59)]; // eyes and lips
const CHEEKS = [[41, 31, 2], [46, 35, 14]];
// Of each part: corners, and where they lie in its picture of 48 x 32 px.
const PARTS = { 'right eye': [36, 39, 10, 38], 'left eye': [45, 42, 10, 38], mouth: [48, 54, 8, 40] };
const BELL = range(-3, 3).map((x) => Math.exp(-(x ** 2) / (2 * 0.8 ** 2)));
const BLUR = BELL.map((weight) => weight / (BELL.length * mean(BELL)));

export function look(picture, landmarks, meanParts) {
  const points = eyeFrame(landmarks).map(([x, y]) => [96 * x + 127.5, 96 * y + 84.5]);
  const face = frameBetween(landmarks[36], landmarks[45], 159.5, 351.5, 169.5);
  const square = halve(cut(picture, face, 2 * SIZE), 2 * SIZE);
  const weighted = (i) => 0.299 * square[i] + 0.587 * square[i + 1] + 0.114 * square[i + 2];
  const grey = new Float32Array(SIZE ** 2).map((_, i) => Math.round(weighted(3 * i)));
  const smooth = blurred(blurred(grey, 1), SIZE);
  const data = new Uint8ClampedArray(4 * SIZE ** 2).map((_, i) => smooth[i >> 2]);
  const unlike = mapValues(PARTS, ([first, second, start, end], part) => {
    const frame = frameBetween(points[first], points[second], start, end, 15.5, true);
    const described = histograms(cut({ width: SIZE, height: SIZE, data }, frame, 48));
    const average = meanParts[part === 'mouth' ? 1 : 0];
    return 1 - dot(described, average) / Math.max(Math.hypot(...described) * Math.hypot(...average), 1e-9);
  });
  const inner = (corners) => transform(corners, frameAt(middleOf(corners).map((value) => 0.4 * value), 0.6, 0));
  const [coloured, cheeks] = [COLOURED, CHEEKS].map((parts) => parts.map((part) => part.map((i) => points[i])));
  const [right, left, lips, ...skins] = [...coloured, ...cheeks.map(inner)].map((part) => colour(square, part));
  const skin = { pale: mean(skins.map(({ pale }) => pale)), red: mean(skins.map(({ red }) => red)) };
  const paleEyes = Math.min(right.pale, left.pale) - skin.pale;
  return { blur: blurEffect(grey), unlike, paleEyes, paleLips: lips.pale - skin.pale, lessRed: skin.red - lips.red };
}

// The matrix that takes pixels of a picture, two of whose points are in a row, to pixels of another; turned or slanted.
function frameBetween([x, y], [x2, y2], start, end, row, isSlanted) {
  const [dx, dy] = [(x2 - x) / (end - start), (y2 - y) / (end - start)];
  const down = isSlanted ? [0, Math.hypot(dx, dy)] : [-dy, dx];
  return new DOMMatrix([dx, dy, ...down, x, y]).translate(-start, -row);
}

const blurred = (grey, step) =>
  grey.map((_, i) => BLUR.reduce((total, weight, k) => total + weight * (grey[i + (k - 3) * step] ?? 0), 0));

// Crete et al. 2007: the share of its edges that a face keeps when it is blurred along either axis.
function blurEffect(picture) {
  const fold = (i, low, high) => (i < low ? 2 * low - 1 - i : i > high ? 2 * high + 1 - i : i);
  const grey = picture.map((_, i) => picture[SIZE * fold(Math.floor(i / SIZE), 48, 229) + fold(i % SIZE, 40, 215)]);
  const along = (step, across) => {
    const rise = (i) => grey[i + step] - grey[i - step];
    const edges = grey.map((_, i) => rise(i - across) + 2 * rise(i) + rise(i + across));
    const near = (i) => edges[i - 2 * step] + edges[i - step] + edges[i] + edges[i + step] + edges[i + 2 * step];
    const lost = FACE.map((i) => Math.max(0, Math.abs(edges[i]) - Math.abs(near(i)) / 5));
    return 1 - mean(lost) / mean(FACE.map((i) => Math.abs(edges[i])));
  };
  return Math.max(along(1, SIZE), along(SIZE, 1));
}

// Histograms of oriented gradients (Dalal and Triggs 2005) of 48 x 32 px: 9 directions in 4 cells of each of 15 blocks.
function histograms(square) {
  const at = (x, y) => square[3 * (48 * (31 - Math.abs(31 - Math.abs(y))) + 47 - Math.abs(47 - Math.abs(x)))];
  const near = (far) => Math.max(0, 1 - Math.abs(far) / 8);
  const blocks = range(0, 14).map((number) => {
    const [block, left, top] = [Array(36).fill(0), 8 * Math.floor(number / 3), 8 * (number % 3)];
    for (let i = 0; i < 256; i++) {
      const [u, v] = [i % 16, i >> 4];
      const [x, y] = [left + u, top + v];
      const [dx, dy] = [at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1)];
      const turn = (9 * Math.atan2(dy, dx)) / Math.PI + 17.5;
      const size = Math.hypot(dx, dy) * Math.exp(-((u - 8) ** 2 + (v - 8) ** 2) / 32); // its middle is there in OpenCV
      for (let cell = 0; cell < 4; cell++) {
        const [across, down] = [u - 3.5 - 8 * (cell >> 1), v - 3.5 - 8 * (cell & 1)].map(near);
        block[9 * cell + (Math.floor(turn) % 9)] += size * across * down * (1 - (turn % 1));
        block[9 * cell + (Math.ceil(turn) % 9)] += size * across * down * (turn % 1);
      }
    }
    return block;
  });
  const scaled = (block, least) => block.map((value) => value / (Math.hypot(...block) + least));
  return blocks.flatMap((block) => scaled(scaled(block, 3.6).map((value) => Math.min(0.2, value)), 1e-3));
}

// Median colour between points, their lines included: CIE a*, and L* minus a*.
function colour(square, points) {
  const corners = points.map((point) => point.map(Math.round));
  const line = ([x0, y0], [x1, y1]) => {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
    const shares = range(0, steps).map((i) => i / steps);
    return shares.map((share) => [x0 + share * (x1 - x0), y0 + share * (y1 - y0)].map(Math.round));
  };
  const edges = corners.flatMap((one) => corners.flatMap((other) => line(one, other)));
  const rows = Object.values(Object.groupBy(edges, ([, y]) => y)).map(boxAround);
  const inside = rows.flatMap(([left, y, right]) => range(left, right).map((x) => 3 * (SIZE * y + x)));
  const colours = inside.map((i) => lightnessAndRedness(square.subarray(i, i + 3)));
  const [lightness, red] = [0, 1].map((k) => median(colours.map((one) => one[k])));
  return { pale: lightness - red, red };
}

function lightnessAndRedness(bytes) {
  const linear = (byte) => (byte > 10 ? ((byte + 14.025) / 269.025) ** 2.4 : byte / 3294.6);
  const [r, g, b] = Array.from(bytes, linear);
  const root = (value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116);
  const x = root((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.950456);
  const y = root(0.212671 * r + 0.71516 * g + 0.072169 * b);
  return [116 * y - 16, 500 * (x - y)];
}
