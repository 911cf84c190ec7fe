// What was measured, for reading: composite score, both sides, Auto-eFACE, verdicts of the user's own graders.

import { autoEface, suggestAffectedSide } from './eface.js';
import { mapValues, mean } from './geometry.js';
import { compare } from './healthy_norms.js';
import { measure, personScale } from './measures.js';
import { element, number, said, t } from './texts.js';
import { probabilities } from './verdict.js';

const COLUMNS = ['right', 'left', 'difference'];

// All numbers of a person's faces {expression: face}: measures in mm by one scale, and what healthy people say to them.
export function evaluate(faces, model) {
  const scale = personScale(faces, model.iris_diameter_mm);
  const measures = mapValues(faces, (face) => measure(face, scale, model));
  const { healthy, regions } = model;
  const beside = mapValues(faces, ({ landmarks }, expression) => compare(landmarks, healthy[expression], regions));
  return { faces, scale, measures, beside, suggested: suggestAffectedSide(measures, model.eface) };
}

// Fill the form of the numbers, whose radio buttons choose the expression and the affected side.
export function show(form, found, model, chosen) {
  const shown = chosen.shown ?? Object.keys(found.faces)[0];
  const affected = chosen.affected ?? found.suggested;
  for (const radio of form.querySelectorAll('input')) {
    radio.checked = [shown, affected].includes(radio.value);
    radio.disabled = radio.name === 'shown' && !(radio.value in found.faces);
  }
  const fill = (id, parts) => form.querySelector(`#${id}`).replaceChildren(...parts);
  fill('composite', composite(found, model));
  fill('measures', bothSides(found, model, shown));
  fill('eface', [chosen.affected ? '' : soft(hint(found.suggested)), table(...eface(found, model, affected))]);
  fill('graders', model.graders.map((about) => card(t('grader_title', about), grader(found, model, about))));
}

const card = (title, inside) => element('div', { className: 'card' }, element('h2', {}, title), ...inside);
const soft = (text) => element('p', { className: 'soft' }, text);
const big = (text) => element('p', { className: 'big' }, text);
const cannotTell = (why) => [big(t('cannot_tell')), soft(why)];
const row = (...cells) => element('tr', {}, ...cells);
const table = (...rows) => element('table', { className: 'scores' }, element('tbody', {}, ...rows));
const score = (name, ...inside) => row(element('th', { scope: 'row' }, name), element('td', {}, ...inside));

function composite(found, model) {
  const expression = model.expressions.find((one) => found.beside[one]);
  if (!expression) return cannotTell(t('cannot_composite'));
  const reasons = found.faces[expression].reasons.map(said).join(' ');
  if (reasons) return cannotTell(t('cannot_quality', { reasons }));
  const { people, composite: whole, ...regions } = found.beside[expression];
  const average = number(mean(model.healthy[expression].reference.composite));
  const about = { score: number(whole.value), mean: average, people, expression: t(`expression.${expression}`) };
  return [
    big(t('composite_lead', { percent: number(whole.percentile, 0) })),
    gauge(t('percentile'), whole),
    ...Object.entries(regions).map(([region, value]) => gauge(t(region), value, region)),
    soft(t('composite_about', about)),
  ];
}

const sideIn = (key, side) => t(key, { side: t(side).toLocaleLowerCase() });

// Of a region, given by `key`, the sign of its asymmetry tells which side is lower or less open.
function gauge(name, { value, percentile }, key) {
  const side = key ? `: ${sideIn(key === 'eyes' ? 'less_open' : 'lower', value > 0 ? 'right' : 'left')}` : '';
  const bar = element('meter', { max: 100, low: 95, optimum: 0, value: percentile, ariaLabel: name });
  const words = [element('span', {}, name + side), element('span', {}, number(percentile, 0))];
  return element('div', { className: 'gauge' }, element('div', {}, ...words), bar);
}

function bothSides(found, model, expression) {
  if (!found.scale) return [soft(t('measures_no_scale'))];
  const { ranges, people } = model.healthy[expression] ?? {};
  const titles = COLUMNS.map((key) => element('th', { scope: 'col' }, t(key)));
  const rows = model.measures.map((one) => sides(one, found.measures[expression][one.measure], ranges));
  const diameter = number(model.iris_diameter_mm, 2);
  const notes = people ? t('measures_about', { people, diameter }) : t('measures_no_norms');
  return [element('table', {}, element('thead', {}, row(...titles)), ...rows), soft(notes)];
}

// A measure's name over its values, so that both fit on a phone.
function sides({ measure: name, column: first, unit }, values, ranges) {
  const cells = COLUMNS.map((column) => {
    if (first !== 'right' && column !== 'difference') return element('td');
    const [low, high] = ranges?.[`${name} ${column}`] ?? [-Infinity, Infinity];
    const beyond = values[column] > high ? 'above' : values[column] < low ? 'below' : '';
    const mark = beyond && element('span', { role: 'img', ariaLabel: t(beyond) }, beyond === 'above' ? '▲ ' : '▼ ');
    const range = element('small', {}, ranges ? `${number(low)} … ${number(high)}` : '');
    return element('td', { className: beyond && 'out' }, mark, number(values[column]), range);
  });
  const about = [t(`measure.${name}`), ' ', element('span', { className: 'unit' }, unit === 'degrees' ? '°' : unit)];
  return element('tbody', {}, row(element('th', { scope: 'rowgroup', colSpan: 3 }, ...about)), row(...cells));
}

const hint = (suggested) => (suggested ? sideIn('affected_suggested', suggested) : t('affected_open'));

function eface(found, model, side) {
  const rows = Object.entries(side ? autoEface(found.measures, side, model.eface) : {}).map(([item, value]) => {
    if (Number.isFinite(value)) return score(t(`eface.${item}`), number(value, 0));
    const [, ...expressions] = model.eface.items[item] ?? [];
    const missing = expressions.filter((one) => !(one in found.faces)).map((one) => t(`expression.${one}`)).join(', ');
    const why = missing ? t('needs', { expressions: missing }) : expressions.length ? t('not_measurable') : '';
    return score(t(`eface.${item}`), t('cannot_tell'), element('small', {}, why));
  });
  return rows.reverse();
}

// A classifier that the user trained on people: probability of each class beside what it is worth.
function grader(found, model, about) {
  if (!about.formula || about.landmark_model !== 'FaceMesh') return cannotTell(t('grader_other'));
  const told = probabilities(found.faces, about, model);
  if (!told) return cannotTell(t('grader_fewer', about));
  const rows = about.labels.map((label, i) => score(label, `${number(100 * told[i], 0)} %`));
  const unit = about.ordered ? 1 : 100;
  const [value, low, high, baseline] = [...about.measured, about.baseline].map((one) => number(unit * one));
  const worth = t(about.ordered ? 'grader_grades' : 'grader_classes', { ...about, value, low, high, baseline });
  return [soft(t('disclaimer')), table(...rows), soft(worth), soft(t('grader_single'))];
}
