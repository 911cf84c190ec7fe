// Numbers from points [[x, y], ...], px, y downwards (face/geometry.py). Sides are the subject's.

// What a function (value, name) makes of each value of an object.
export const mapValues = (object, make) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, make(value, name)]));

export const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
export const sum = (values) => values.reduce((total, value) => total + value, 0);
export const dot = (a, b) => sum(a.map((value, i) => value * b[i]));
export const sigmoid = (value) => 1 / (1 + Math.exp(-value));
export const mean = (values) => sum(values) / values.length;
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return mean([sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]);
};
export const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
export const middleOf = (points) => [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
export const interocular = (points) => distance(points[36], points[45]);

// Boxes are [left, top, right, bottom].
export function boxAround(points) {
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
export const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);

// Degrees; positive angles turn x towards y, which is clockwise on the screen.
export const tilt = ([ax, ay], [bx, by]) => (Math.atan2(by - ay, bx - ax) * 180) / Math.PI;

// The matrix that takes a turned frame, whose origin is at a point and whose 1 is `unit` px, to px. What DOMMatrix's
// own `scale` and `translate` are given, Chromium rounds to single precision.
export const frameAt = ([x, y], unit, angle) => new DOMMatrix([unit, 0, 0, unit, x, y]).rotate(angle);
export const transform = (points, { a, b, c, d, e, f }) =>
  points.map(([x, y]) => [a * x + c * y + e, b * x + d * y + f]);

// Points in the frame where the line from `a` to `b` is level, its middle at (0, 0).
export const level = (points, [a, b], unit = 1) =>
  transform(points, frameAt(middleOf([a, b]), unit, tilt(a, b)).inverse());

// Outer eye corners level, their distance 1.
export const eyeFrame = (points) => level(points, [points[36], points[45]], interocular(points));

// Mouth, brows, eyes: left minus right over the inter-ocular distance; positive: the left is higher or wider open.
export function asymmetry(points) {
  const height = eyeFrame(points).map(([, y]) => -y);
  const brow = (first) => mean(height.slice(first, first + 5));
  const opening = (i) => (Math.abs(height[i + 1] - height[i + 5]) + Math.abs(height[i + 2] - height[i + 4])) / 2;
  return [height[54] - height[48], brow(22) - brow(17), opening(42) - opening(36)];
}
