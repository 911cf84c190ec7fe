// What speaks against measuring a photo (landmarks/quality.py), but for blur and covers: [{name, value}].

import { distance } from './geometry.js';

export function findReasons({ landmarks, pose, irises, boxes, width, height }, expression, limits) {
  const reasons = [];
  const say = (name, value) => reasons.push({ name, value: Math.round(value) });
  [pose.yaw, pose.pitch].map(Math.abs).forEach((angle, way) => angle > limits.turned[way] && say('turned', angle));
  const wide = distance(landmarks[16], landmarks[0]);
  if (wide < limits.small) say('small', wide);
  const outside = landmarks.filter(([x, y]) => x < 0 || y < 0 || x > width - 1 || y > height - 1);
  if (outside.length) say('cut off', (100 * outside.length) / landmarks.length);
  const areas = boxes.map(([left, top, right, bottom]) => (right - left) * (bottom - top));
  const near = areas.filter((area) => area >= limits.least_area * areas[0]).length;
  if (near > 1) say('several faces', near);
  const shut = [irises.right, irises.left].filter((iris) => !iris).length;
  const wanted = expression.endsWith('eye closure') ? 2 : 0; // one eye unlike the other may be the palsy
  if (shut !== 1 && shut !== wanted) say(shut ? 'eyes closed' : 'eyes open', 2);
  return reasons;
}
