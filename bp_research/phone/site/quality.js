// What speaks against measuring a photo (landmarks/quality.py).

import { area, distance } from './geometry.js';

// [{name, value}], as texts.json words them.
export function findReasons({ landmarks, pose, irises, boxes, width, height, seen }, expression, limits) {
  const wide = distance(landmarks[16], landmarks[0]);
  const outside = landmarks.filter(([x, y]) => x < 0 || y < 0 || x > width - 1 || y > height - 1).length;
  const near = boxes.filter((box) => area(box) >= limits.least_area * area(boxes[0])).length;
  const open = [irises.right, irises.left].filter(Boolean).length;
  const isClosing = expression.endsWith('eye closure'); // one eye unlike the other may be the palsy
  const [aside, upOrDown] = [pose.yaw, pose.pitch].map(Math.abs);
  const isPaleOrUnlike = seen.unlike.mouth > limits.unlike.mouth || seen.paleLips > limits.pale;
  const reasons = [
    ['turned', aside, aside > limits.turned.aside],
    ['turned', upOrDown, upOrDown > limits.turned['up or down']],
    ['small', wide, wide < limits.small],
    ['cut off', (100 * outside) / landmarks.length, outside],
    ['several faces', near, near > 1],
    ['eyes closed', 2, !isClosing && open === 0],
    ['eyes open', 2, isClosing && open === 2],
    ['blurred', 100 * seen.blur, seen.blur > limits.blurred],
    ['right eye covered', 1, seen.unlike['right eye'] > limits.unlike['right eye']],
    ['left eye covered', 1, seen.unlike['left eye'] > limits.unlike['left eye']],
    ['eyes covered', 2, seen.paleEyes > limits.pale],
    ['mouth covered', 1, isPaleOrUnlike || seen.lessRed > limits.less_red],
  ];
  return reasons.filter(([, , speaks]) => speaks).map(([name, value]) => ({ name, value: Math.round(value) }));
}
