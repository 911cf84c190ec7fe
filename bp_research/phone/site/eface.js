// Auto-eFACE: the affected side's measures against the healthy side's (clinical/eface.py).

import { mean, sum } from './geometry.js';

const FISSURE = 'palpebral fissure height';
const ratio = ([affected, healthy]) => (healthy > 0 ? affected / healthy : NaN);

// `measures` are those of each expression. Items and scores; NaN for what cannot be had.
export function autoEface(measures, affected, { items, static: still, dynamic, closed_mm: closedMm }) {
  const sides = affected === 'left' ? ['left', 'right'] : ['right', 'left'];
  const of = (name, expression) => sides.map((side) => measures[expression]?.[name]?.[side] ?? NaN);
  const moved = (name, expression) => of(name, expression).map((value, i) => value - of(name, 'at rest')[i]);
  const resting = ['brow height', FISSURE, 'commissure excursion', 'smile angle'];
  const [brow, fissure, excursion, angle] = resting.map((name) => of(name, 'at rest'));
  const radians = angle.map((degrees) => ((degrees - 90) * Math.PI) / 180);
  const [rise, run] = [Math.sin, Math.cos].map((part) => excursion.map((length, i) => length * part(radians[i])));
  const opening = (expression) => of(FISSURE, expression).map((value) => (value < closedMm ? 0 : value));
  const closing = (expression) => ratio([fissure[0] - opening(expression)[0], fissure[0]]);
  const shares = [
    ratio(brow),
    ratio(fissure.toReversed()),
    ratio(rise[0] > 0 && rise[0] < rise[1] ? rise : run),
    ratio(moved('brow height', 'brow raise')),
    closing('gentle eye closure'),
    closing('tight eye closure'),
    ratio(moved('commissure excursion', 'open smile')),
    ratio(of('dental show', 'lower teeth show')),
    Math.min(ratio(of(FISSURE, 'open smile')), ratio(of(FISSURE, 'lip pucker'))),
  ];
  const most = (item) => (still.includes(item) ? 200 : 100);
  const score = (item, i) => Math.max(0, Math.min(most(item), Math.round(1000 * shares[i]) / 10));
  const scores = Object.fromEntries(Object.keys(items).map((item, i) => [item, score(item, i)]));
  scores.static = mean(still.map((item) => 100 - Math.abs(100 - scores[item])));
  scores.dynamic = mean(dynamic.map((item) => scores[item]));
  scores.synkinesis = scores['ocular synkinesis'];
  scores.composite = mean([scores.static, scores.dynamic, scores.synkinesis]);
  return scores;
}

// The side to which most of the evidence points; null if it is divided or there is none.
export function suggestAffectedSide(measures, eface) {
  const [right, left] = ['right', 'left'].map((side) => autoEface(measures, side, eface));
  const gaps = [...eface.static, ...eface.dynamic].map((item) => left[item] - right[item]);
  const balance = sum(gaps.map((gap) => Math.sign(gap) || 0)); // NaN speaks for neither
  return balance < 0 ? 'left' : balance > 0 ? 'right' : null;
}
