// Irises of open eyes (landmarks/iris.py): circles of the mesh, [x, y, radius], null where the lids touch.

import { distance, mean } from './geometry.js';

export function findIrises({ landmarks, mesh }, closed) {
  const find = (first, centre) => {
    const eye = landmarks.slice(first, first + 6);
    const opening = mean([distance(eye[1], eye[5]), distance(eye[2], eye[4])]);
    if (opening < closed * distance(eye[0], eye[3])) return null;
    return [...mesh[centre], mean(mesh.slice(centre + 1, centre + 5).map((point) => distance(point, mesh[centre])))];
  };
  return { right: find(36, 468), left: find(42, 473) };
}
