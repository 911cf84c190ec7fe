// What graders that the user trained on people say to a person's photos (grading/verdict.py, grading/formula.py).

import { dot, mapValues, mean, sigmoid } from './geometry.js';
import { quantities } from './features.js';

// The probability of each of a grader's classes for faces {expression: face}; null if nobody it knew had so few photos.
export function probabilities(faces, grader, model) {
  if (grader.expressions.filter((expression) => expression in faces).length < grader.fewest_expressions) return null;
  const { missing, weights, thresholds } = grader.formula;
  const photos = mapValues(faces, ({ landmarks }) => quantities(landmarks, model));
  const take = grader.by_person ? ofPerson : (photo, input) => photo[input];
  const each = (grader.by_person ? [photos] : Object.values(photos)).map((row) => {
    const values = grader.inputs.map((input) => take(row, input));
    const inputs = values.map((value, i) => (Number.isNaN(value) ? missing[i] : value));
    const below = [0, ...thresholds.map((threshold) => sigmoid(threshold - dot(weights, inputs))), 1];
    return grader.labels.map((_, i) => below[i + 1] - below[i]);
  });
  return grader.labels.map((_, i) => mean(each.map((one) => one[i])));
}

// An input of a row per person: over the photos, of one expression, or its change from rest (grading/inputs.py).
function ofPerson(photos, input) {
  const [name, which, change] = input.split(', ');
  const values = Object.values(photos).map((photo) => photo[name]);
  if (which === 'worst') return Math.max(...values);
  if (which === 'mean') return mean(values);
  return photos[which]?.[name] - (change ? photos['at rest']?.[name] : 0);
}
