// Why a photo may not be fit to be measured: [{name, value}], the value for the text.

const CLOSED_WANTED = ['gentle eye closure', 'tight eye closure'];

export function reasonsOf({ faces, landmarks, irises, pose }, expression, limits) {
  const turn = Math.max(Math.abs(pose.yaw), Math.abs(pose.pitch));
  const width = Math.hypot(landmarks[16][0] - landmarks[0][0], landmarks[16][1] - landmarks[0][1]);
  const reasons = [];
  if (faces > 1) reasons.push({ name: 'several faces', value: faces });
  if (width < 150) reasons.push({ name: 'small', value: Math.round(width) });
  if (turn > 10) reasons.push({ name: 'turned', value: Math.round(turn) });
  if (!CLOSED_WANTED.includes(expression) && !(irises.right && irises.left)) reasons.push({ name: 'eyes closed' });
  return reasons;
}
