// How a head is turned, by the depth of the face mesh (landmarks/pose.py); degrees.

import { dot, mean, tilt } from './geometry.js';

const AXES = [0, 1, 2];

// The rotation that lays the mean face on this one: the nearest to the correlation of both, by Newton's iteration.
export function headPose({ mesh, depth }, { vertices, mean: average }) {
  const own = coordinates(vertices.map((vertex) => [...mesh[vertex], depth[vertex]]));
  const from = coordinates(average);
  let turn = own.map((values) => from.map((others) => dot(values, others)));
  for (let i = 0; i < 60; i++) {
    const normals = AXES.map((row) => cross(turn[(row + 1) % 3], turn[(row + 2) % 3]));
    const volume = dot(turn[0], normals[0]);
    turn = turn.map((row, j) => row.map((value, k) => (value + normals[j][k] / volume) / 2));
  }
  const angle = (x, y) => tilt([0, 0], [x, y]);
  const yaw = angle(Math.hypot(turn[0][0], turn[1][0]), turn[2][0]);
  return { yaw, pitch: angle(turn[2][2], -turn[2][1]), roll: angle(turn[0][0], turn[1][0]) };
}

// x, y and depth of points about their middle.
function coordinates(points) {
  const values = AXES.map((axis) => points.map((point) => point[axis]));
  return values.map((line) => line.map((value) => value - mean(line)));
}

const cross = (a, b) => AXES.map((i) => a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3]);
