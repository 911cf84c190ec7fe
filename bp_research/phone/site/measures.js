// The measures clinicians take of a face, side by side (face/measures.py and clinical/measures.py).

import { dot, interocular, level, mapValues, mean, median, middleOf, range, sum } from './geometry.js';

const LIDS_AND_BROW = [range(36, 39), [36, 41, 40, 39], range(17, 21)];
const [INNER_LIPS, OUTER_LIPS] = [[range(60, 64), [60, 67, 66, 65, 64]], [range(48, 54), [48, 59, 58, 57, 56, 55, 54]]];

// Diameter of the irises over the distance of the outer eye corners; NaN without an iris.
export function irisShare({ landmarks, irises }) {
  const radii = [irises.right, irises.left].filter(Boolean).map((iris) => iris[2]);
  return (2 * mean(radii)) / interocular(landmarks);
}

// One scale for all photos {expression: face} of a person: mm between the outer eye corners; NaN if no eye is open.
export function personScale(faces, diameter) {
  const shares = mapValues(faces, irisShare);
  return diameter / (shares['at rest'] || median(Object.values(shares).filter((share) => share > 0)));
}

// {measure: {right, left, difference}}, mm by `scale` and degrees; NaN but for one value of the whole face.
export function measure({ landmarks, irises }, scale, { measures, mirror_68: partners, ...smoothings }) {
  const corners = [[36, 39], [42, 45]].map(([a, b]) => middleOf([landmarks[a], landmarks[b]]));
  const known = [irises.right, irises.left];
  const axis = known.every(Boolean) ? known : corners;
  const points = [...landmarks, ...known.map((iris, i) => iris ?? corners[i])];
  const face = level(points, axis, interocular(landmarks)).map(([x, y]) => [x, -y]); // y upwards
  const right = side(face, smoothings);
  const left = side([...partners, 69].map((i) => [-face[i][0], face[i][1]]), smoothings);
  const whole = [...right.lips.map((height, i) => Math.abs(height - left.lips[i])), Math.abs(face[51][0])];
  return Object.fromEntries(
    measures.map(({ measure: name, column, dimension }) => {
      const unit = scale ** dimension;
      if (column !== 'right') return [name, { right: NaN, left: NaN, difference: whole.shift() * unit }];
      const [a, b] = [right, left].map(({ values }) => values.shift() * unit);
      return [name, { right: a, left: b, difference: b - a }];
    }),
  );
}

// The right side's measures, and the heights of its mouth corner and of both lips' edges half way to the midline.
function side(face, { smoothing, lip_smoothing: lipSmoothing }) {
  const curves = (parts, much) => parts.map((part) => curve(part.map((i) => face[i]), much));
  const [upper, lower, brow, innerUpper, innerLower] = curves([...LIDS_AND_BROW, ...INNER_LIPS], smoothing);
  const [outerUpper, outerLower] = curves(OUTER_LIPS, lipSmoothing);
  const [[cornerX, cornerY], [irisX, irisY]] = [face[48], face[68]];
  const middle = mean([37, 38, 41, 40].map((i) => face[i][0]));
  const rise = cornerY - outerLower(0);
  const half = halfWay(outerUpper, cornerX, cornerY);
  const opening = (x) => Math.max(0, innerUpper(x) - innerLower(x)) || 0;
  const steps = range(0, 100).map((i) => (i / 100) * Math.min(0, face[60][0]));
  const area = sum(steps.slice(1).map((x, i) => ((opening(x) + opening(steps[i])) / 2) * (x - steps[i])));
  const eye = face.slice(36, 42);
  const values = [
    brow(irisX) - irisY,
    upper(irisX) - irisY,
    irisY - lower(irisX),
    Math.abs(upper(middle) - lower(middle)),
    Math.hypot(cornerX, rise),
    90 + (Math.atan2(rise, Math.abs(cornerX)) * 180) / Math.PI,
    Number.isNaN(half) ? NaN : opening(half),
    outerUpper(half) - outerLower(half),
    Math.abs(sum(eye.map(([x, y], i) => x * eye.at(i - 1)[1] - y * eye.at(i - 1)[0]))) / 2,
    Math.abs(area),
  ];
  return { values, lips: [cornerY, outerUpper(half), outerLower(half)] };
}

// The height of a smoothing spline through points at each x; NaN beyond its ends.
function curve(points, smoothing) {
  const xs = points.map(([x]) => x);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const [middle, half] = [(low + high) / 2, (high - low) / 2];
  const knots = xs.map((x) => (x - middle) / Math.max(half, 1e-9));
  const basis = (x) => [...knots.map((knot) => -(Math.abs(x - knot) ** 5)), 1, x, x * x];
  const smooth = knots.map((knot, i) => basis(knot).map((value, j) => value + (i === j ? smoothing : 0)));
  const free = range(0, 2).map((power) => [...knots.map((knot) => knot ** power), 0, 0, 0, 0]);
  const weights = solve([...smooth.map((row, i) => [...row, points[i][1]]), ...free]);
  return (x) => (x >= low && x <= high ? dot(weights, basis((x - middle) / half)) : NaN);
}

// Gauss's elimination with the largest pivots; each row ends with its value.
function solve(rows) {
  if (!rows.length) return [];
  const pivot = rows.reduce((a, b) => (Math.abs(b[0]) > Math.abs(a[0]) ? b : a));
  const without = (row) => row.slice(1).map((value, i) => value - (row[0] / pivot[0]) * pivot[i + 1]);
  const others = solve(rows.filter((row) => row !== pivot).map(without));
  return [(pivot.at(-1) - dot(others, pivot.slice(1))) / pivot[0], ...others];
}

// Where the upper lip is half as far from the mouth corner as the corner from the midline; NaN if it is nowhere.
function halfWay(upperLip, cornerX, cornerY) {
  const isNear = (x) => !(Math.hypot(x - cornerX, upperLip(x) - cornerY) > -cornerX / 2);
  const steps = range(1, 50).map((i) => -cornerX / 2 ** i);
  return cornerX < 0 ? steps.reduce((x, step) => (isNear(x + step) ? x + step : x), cornerX) : NaN;
}
