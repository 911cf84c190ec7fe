// What was measured, for reading: composite score, both sides, Auto-eFACE.

import { autoEface, suggestAffectedSide } from './eface.js';
import { mapValues, mean } from './geometry.js';
import { compare } from './healthy_norms.js';
import { measure, personScale } from './measures.js';
import { element, number, said, t } from './texts.js';
import { probabilities } from './verdict.js';

const COLUMNS = ['right', 'left', 'difference'];
const UNITS = { mm: 'mm', 'mm²': 'mm²', degrees: '°' };

// All numbers of a person's faces {expression: face}: measures in mm by one scale, and what healthy people say to them.
export function evaluate(faces, model) {
  const scale = personScale(faces, model.iris_diameter_mm);
  const measures = mapValues(faces, (face) => measure(face, scale, model));
  const beside = mapValues(faces, (face, expression) => compare(face.landmarks, model.healthy[expression], model.regions));
  return { faces, scale, measures, beside, suggested: suggestAffectedSide(measures, model.eface) };
}

export function show(place, found, model, { shown, affected }, choose) {
  const expressions = Object.keys(found.faces);
  const expression = expressions.includes(shown) ? shown : expressions[0];
  place.replaceChildren(
    composite(found, model),
    bothSides(found, model, expression, (other) => choose({ shown: other })),
    eface(found, model, affected ?? found.suggested, affected, (side) => choose({ affected: side })),
    ...model.graders.map((one) => grader(found, model, one)),
  );
}

const card = (title, ...inside) => element('div', { className: 'card' }, element('h2', {}, title), ...inside);
const soft = (text) => element('p', { className: 'soft' }, text);
const big = (text) => element('p', { className: 'big' }, text);

function composite(found, model) {
  const expression = model.expressions.find((one) => found.beside[one]);
  const reasons = found.faces[expression]?.reasons.map(said).join(' ');
  if (reasons !== '') {
    const why = expression ? t('cannot_quality', { reasons }) : t('cannot_composite');
    return card(t('composite'), big(t('cannot_tell')), soft(why));
  }
  const { people, composite: score, ...regions } = found.beside[expression];
  const average = number(mean(model.healthy[expression].reference.composite));
  const about = { score: number(score.value), mean: average, people, expression: t(`expression.${expression}`) };
  return card(
    t('composite'),
    big(t('composite_lead', { percent: number(score.percentile, 0) })),
    gauge(t('percentile'), score),
    ...Object.entries(regions).map(([region, value]) => gauge(t(region), value, region)),
    soft(t('composite_about', about)),
  );
}

const sideIn = (key, side) => t(key, { side: t(side).toLocaleLowerCase() });

// Of a region, given by `key`, the sign of its asymmetry tells which side is lower or less open.
function gauge(name, { value, percentile }, key) {
  const side = key ? `: ${sideIn(key === 'eyes' ? 'less_open' : 'lower', value > 0 ? 'right' : 'left')}` : '';
  const range = { min: 0, max: 100, low: 95, high: 100, optimum: 0 };
  const bar = element('meter', { ...range, value: percentile, ariaLabel: name });
  const words = [element('span', {}, name + side), element('span', {}, number(percentile, 0))];
  return element('div', { className: 'gauge' }, element('div', {}, ...words), bar);
}

function bothSides(found, model, expression, choose) {
  const chips = model.expressions.filter((one) => one in found.faces).map((one) => {
    const about = { ariaPressed: String(one === expression), onclick: () => choose(one) };
    return element('button', about, t(`expression.${one}`));
  });
  const { ranges, people } = model.healthy[expression] ?? {};
  const rows = model.measures.map((one) => row(one, found.measures[expression][one.measure], ranges));
  const titles = COLUMNS.map((key) => element('th', { scope: 'col' }, t(key)));
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...titles)), ...rows);
  const about = { people, diameter: number(model.iris_diameter_mm, 2) };
  const notes = soft(people ? t('measures_about', about) : t('measures_no_norms'));
  const group = element('div', { className: 'chips', role: 'group', ariaLabel: t('measures_title') }, ...chips);
  return card(t('measures_title'), group, ...(found.scale ? [table, notes] : [soft(t('measures_no_scale'))]));
}

// A measure's name over its values, so that both fit on a phone.
function row({ measure: name, column: first, unit }, values, ranges) {
  const cells = COLUMNS.map((column) => {
    if (first !== 'right' && column !== 'difference') return element('td');
    const [low, high] = ranges?.[`${name} ${column}`] ?? [-Infinity, Infinity];
    const beyond = values[column] > high ? 'above' : values[column] < low ? 'below' : '';
    const mark = beyond && element('span', { role: 'img', ariaLabel: t(beyond) }, beyond === 'above' ? '▲ ' : '▼ ');
    const range = element('small', {}, ranges ? `${number(low)} … ${number(high)}` : '');
    return element('td', { className: beyond && 'out' }, mark, number(values[column]), range);
  });
  const about = [t(`measure.${name}`), ' ', element('span', { className: 'unit' }, UNITS[unit])];
  const title = element('th', { scope: 'rowgroup', colSpan: 3 }, ...about);
  return element('tbody', {}, element('tr', {}, title), element('tr', {}, ...cells));
}

function eface(found, model, side, chosen, choose) {
  const options = ['right', 'left'].map((one) => {
    const radio = element('input', { type: 'radio', name: 'side', checked: one === side, onchange: () => choose(one) });
    return element('label', {}, radio, t(one));
  });
  const sides = element('fieldset', { className: 'side' }, element('legend', {}, t('affected')), ...options);
  const hint = found.suggested ? sideIn('affected_suggested', found.suggested) : t('affected_open');
  const scores = side ? autoEface(found.measures, side, model.eface) : {};
  const rows = Object.entries(scores).reverse().map(([item, value]) => {
    const missing = (model.eface.items[item] ?? []).slice(1).filter((expression) => !(expression in found.faces));
    const needs = t('needs', { expressions: missing.map((expression) => t(`expression.${expression}`)).join(', ') });
    const why = missing.length ? needs : item in model.eface.items ? t('not_measurable') : '';
    const cells = Number.isFinite(value) ? [number(value, 0)] : [t('cannot_tell'), element('small', {}, why)];
    return element('tr', {}, element('th', { scope: 'row' }, t(`eface.${item}`)), element('td', {}, ...cells));
  });
  const table = element('table', { className: 'scores' }, element('tbody', {}, ...rows));
  return card(t('eface_title'), sides, chosen ? '' : soft(hint), table, soft(t('eface_about')));
}

// A classifier that the user trained on people: probability of each class beside what it is worth.
function grader(found, model, about) {
  const known = about.formula && about.landmark_model === 'FaceMesh';
  const told = known && probabilities(found.faces, about, model);
  const title = t('grader_title', about);
  if (!told) return card(title, big(t('cannot_tell')), soft(t(known ? 'grader_fewer' : 'grader_other', about)));
  const rows = about.labels.map((label, i) =>
    element('tr', {}, element('th', { scope: 'row' }, label), element('td', {}, `${number(100 * told[i], 0)} %`)));
  const table = element('table', { className: 'scores' }, element('tbody', {}, ...rows));
  const [value, low, high, baseline] = [...about.measured, about.baseline].map((one) => number(about.ordered ? one : 100 * one));
  const worth = t(about.ordered ? 'grader_grades' : 'grader_classes', { ...about, value, low, high, baseline });
  return card(title, soft(t('disclaimer')), table, soft(worth), soft(t('grader_single')));
}
