// A face beside healthy people of whom the package ships the norms (people/healthy_norms.py).

import { asymmetry, mean } from './geometry.js';

// Share of a reference that lies below, ties counted half, 0 to 100.
const percentile = (value, reference) => 50 * mean(reference.map((other) => (other < value) + (other <= value)));

// Composite score and regions with their percentiles; null for an expression of which there are no norms.
export function compare(landmarks, healthy, regions) {
  if (!healthy) return null;
  const signed = asymmetry(landmarks);
  const composite = Math.hypot(...signed.map((value, i) => value / healthy.scale[i]));
  const beside = (value, name) => ({ value, percentile: percentile(Math.abs(value), healthy.reference[name]) });
  const parts = Object.fromEntries(regions.map((region, i) => [region, beside(signed[i], region)]));
  return { composite: beside(composite, 'composite'), ...parts, people: healthy.people };
}
