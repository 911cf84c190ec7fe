// A photo in, 68 landmarks out (landmarks/get_landmarks.py).

import { look } from './appearance.js';
import { readImage } from './images.js';
import { findIrises } from './iris.js';
import { headPose } from './pose.js';

// The face in a file, px of the upright photo. The pixels are not kept: eight photos would fill a phone's memory.
export async function getLandmarks(file, engine, model) {
  const picture = await readImage(file, model.max_megapixels);
  const face = await engine.measure(picture);
  const irises = findIrises(face, model.mesh.closed);
  const { width, height } = picture;
  const seen = look(picture, face.landmarks, model.quality.mean_parts);
  return { file, width, height, ...face, detected: face.landmarks, irises, pose: headPose(face, model.stable), seen };
}
