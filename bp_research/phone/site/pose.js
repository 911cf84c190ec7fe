// How a head is turned, by the depth of the face mesh (landmarks/pose.py); degrees.

import { mean } from './geometry.js';

// The rotation that lays the mean face on this one: Horn's quaternion, the main eigenvector of a 4 x 4 matrix.
export function headPose({ mesh, depth }, { stable, stable_mean: average }) {
  const own = centred(stable.map((vertex) => [...mesh[vertex], depth[vertex]]));
  const from = centred(average);
  const s = (i, j) => from.reduce((sum, point, k) => sum + point[i] * own[k][j], 0);
  const [xx, yy, zz] = [s(0, 0), s(1, 1), s(2, 2)];
  const [a, b, c] = [s(1, 2) - s(2, 1), s(2, 0) - s(0, 2), s(0, 1) - s(1, 0)];
  const [d, e, f] = [s(0, 1) + s(1, 0), s(2, 0) + s(0, 2), s(1, 2) + s(2, 1)];
  const matrix = [[xx + yy + zz, a, b, c], [a, xx - yy - zz, d, e], [b, d, yy - xx - zz, f], [c, e, f, zz - xx - yy]];
  const [w, x, y, z] = mainEigenvector(matrix);
  const roll = Math.atan2(2 * (x * y + w * z), 1 - 2 * (y * y + z * z));
  const yaw = Math.asin(2 * (w * y - x * z));
  const pitch = Math.atan2(2 * (y * z + w * x), 1 - 2 * (x * x + y * y));
  const degrees = 180 / Math.PI;
  return { yaw: -yaw * degrees, pitch: -pitch * degrees, roll: roll * degrees };
}

function centred(points) {
  const middle = [0, 1, 2].map((axis) => mean(points.map((point) => point[axis])));
  return points.map((point) => point.map((value, axis) => value - middle[axis]));
}

// By squaring the matrix until one eigenvector is left of it; shifted, so that the largest eigenvalue is the main one.
function mainEigenvector(matrix) {
  const size = Math.hypot(...matrix.flat());
  let power = matrix.map((row, i) => row.map((value, j) => value / size + (i === j ? 1 : 0)));
  for (let i = 0; i < 40; i++) {
    power = power.map((row) => row.map((_, j) => row.reduce((sum, value, k) => sum + value * power[k][j], 0)));
    const length = Math.hypot(...power.flat());
    power = power.map((row) => row.map((value) => value / length));
  }
  const longest = power.reduce((a, b) => (Math.hypot(...b) > Math.hypot(...a) ? b : a));
  return longest.map((value) => value / Math.hypot(...longest));
}
