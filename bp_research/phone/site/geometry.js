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
export const transform = (points, rows) => points.map(([x, y]) => rows.map(([a, b, c]) => a * x + b * y + c));
export function bounds(points) {
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return { low: [Math.min(...xs), Math.min(...ys)], high: [Math.max(...xs), Math.max(...ys)] };
}
export const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
export const interocular = (points) => distance(points[36], points[45]);

// Positive angles (radians) turn x towards y, which is clockwise on the screen.
export function rotate(points, angle, [cx, cy] = [0, 0]) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return points.map(([x, y]) => [(x - cx) * cos - (y - cy) * sin + cx, (x - cx) * sin + (y - cy) * cos + cy]);
}

export const tilt = ([ax, ay], [bx, by]) => Math.atan2(by - ay, bx - ax);

// Outer eye corners level, their middle at (0, 0), their distance 1.
export function eyeFrame(points) {
  const [x0, y0] = middleOf([points[36], points[45]]);
  const size = interocular(points);
  const level = rotate(points, -tilt(points[36], points[45]), [x0, y0]);
  return level.map(([x, y]) => [(x - x0) / size, (y - y0) / size]);
}

// Mouth, brows, eyes: left minus right over the inter-ocular distance; positive: the left is higher or wider open.
export function asymmetry(points) {
  const height = eyeFrame(points).map(([, y]) => -y);
  const brow = (first) => mean(height.slice(first, first + 5));
  const opening = (i) => (Math.abs(height[i + 1] - height[i + 5]) + Math.abs(height[i + 2] - height[i + 4])) / 2;
  return [height[54] - height[48], brow(22) - brow(17), opening(42) - opening(36)];
}
