// The 29 features and the asymmetries, by name, that graders take (face/geometry.py).

import { asymmetry, distance, level, mapValues, mean, sum, tilt } from './geometry.js';

export function quantities(landmarks, { features, regions }) {
  const inner = features.to_51.map((i) => landmarks[i]);
  const points = level(inner, [inner[48], inner[49]]);
  const apart = ([i, j]) => distance(points[i], points[j]);
  const around = (loop) => sum(loop.map((i, place) => apart([i, loop.at(place - 1)])));
  const d = { ...mapValues(features.pairs, apart), ...mapValues(features.perimeters, around) };
  const line = (i, j) => [0, 1].map((axis) => Math.abs(points[i][axis] - points[j][axis]));
  const opening = (...pairs) => mean(pairs.map(([i, j]) => line(i, j)[1]));
  const height = (...brow) => points[25][1] - mean(brow.map((i) => points[i][1]));
  Object.assign(d, { N: opening([11, 15], [12, 14]), O: opening([17, 21], [18, 20]) });
  Object.assign(d, { L: height(0, 1, 2, 3, 4), M: height(5, 6, 7, 8, 9) });
  const least = features.closed_eye * d.A;
  const ratio = (a, b) => Math.max(a / b, b / a);
  const degrees = (i, j) => tilt([0, 0], line(i, j));
  const kinds = {
    tilt: degrees,
    upright: (i, j) => Math.abs(90 - degrees(i, j)),
    slope: (i, j) => line(i, j)[1] / line(i, j)[0],
    ratio: (a, b) => ratio(d[a], d[b]),
    opening: (a, b) => ratio(Math.max(d[a], least), Math.max(d[b], least)),
    larger: (a, b, whole) => Math.max(d[a], d[b]) / d[whole],
    share: (part, whole) => d[part] / d[whole],
  };
  const values = mapValues(features.feature_formulas, ([kind, ...of]) => kinds[kind](...of));
  asymmetry(landmarks).forEach((value, i) => {
    Object.assign(values, { [regions[i]]: value, [`${regions[i]} (absolute)`]: Math.abs(value) });
  });
  return values;
}
