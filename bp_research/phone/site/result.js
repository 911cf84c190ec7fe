// What was measured, for reading: composite score, both sides, Auto-eFACE.

import { autoEface, suggestAffectedSide } from './eface.js';
import { mean } from './geometry.js';
import { compare } from './healthy_norms.js';
import { measure, personScale } from './measures.js';
import { element, number, said, t } from './texts.js';

const COLUMNS = ['right', 'left', 'difference'];
const UNITS = { mm: 'mm', 'mm²': 'mm²', degrees: '°' };

// All numbers of a person's faces {expression: face}: measures in mm by one scale, and what healthy people say to them.
export function evaluate(faces, model) {
  const scale = personScale(faces, model.iris_diameter_mm);
  const each = (value) => Object.fromEntries(Object.entries(faces).map(([expression, face]) => [expression, value(face, expression)]));
  const measures = each((face) => measure(face, scale, model));
  const beside = each((face, expression) => compare(face.landmarks, model.healthy[expression], model.regions));
  return { faces, scale, measures, beside, suggested: suggestAffectedSide(measures, model.eface) };
}

export function show(place, found, model, { shown, affected }, choose) {
  const expressions = Object.keys(found.faces);
  const expression = expressions.includes(shown) ? shown : expressions[0];
  place.replaceChildren(
    composite(found, model),
    bothSides(found, model, expression, (other) => choose({ shown: other })),
    eface(found, model, affected ?? found.suggested, affected, (side) => choose({ affected: side })),
  );
}

const card = (title, ...inside) => element('div', { className: 'card' }, element('h2', { textContent: title }), ...inside);
const soft = (text) => element('p', { className: 'soft', textContent: text });

function composite(found, model) {
  const expression = model.expressions.find((one) => found.beside[one]);
  if (!expression) return card(t('composite'), cannotTell(), soft(t('cannot_composite')));
  const { reasons } = found.faces[expression];
  if (reasons.length) {
    return card(t('composite'), cannotTell(), soft(t('cannot_quality', { reasons: reasons.map(said).join(' ') })));
  }
  const beside = found.beside[expression];
  const about = {
    score: number(beside.composite.value),
    mean: number(mean(model.healthy[expression].reference.composite)),
    people: beside.people,
    expression: t(`expression.${expression}`),
  };
  return card(
    t('composite'),
    element('p', { className: 'big', textContent: t('composite_lead', { percent: number(beside.composite.percentile, 0) }) }),
    gauge(t('percentile'), beside.composite),
    ...model.regions.map((region) => gauge(t(region), beside[region], region)),
    soft(t('composite_about', about)),
  );
}

const cannotTell = () => element('p', { className: 'big', textContent: t('cannot_tell') });

// Of a region, given by `key`, the sign of its asymmetry tells which side is lower or less open.
function gauge(name, { value, percentile }, key) {
  const side = key && `: ${t(key === 'eyes' ? 'less_open' : 'lower', { side: t(value > 0 ? 'right' : 'left').toLocaleLowerCase() })}`;
  const bar = element('meter', { min: 0, max: 100, low: 95, high: 100, optimum: 0, value: percentile, ariaLabel: name });
  const words = [element('span', {}, name, side ?? ''), element('span', {}, number(percentile, 0))];
  return element('div', { className: 'gauge' }, element('div', {}, ...words), bar);
}

function bothSides(found, model, expression, choose) {
  const chips = model.expressions.filter((one) => one in found.faces).map((one) =>
    element('button', { textContent: t(`expression.${one}`), ariaPressed: String(one === expression), onclick: () => choose(one) }),
  );
  const healthy = model.healthy[expression];
  const known = Number.isFinite(found.scale);
  const rows = known ? model.measures.map((one) => row(one, found.measures[expression][one.measure], healthy?.ranges)) : [];
  const titles = COLUMNS.map((key) => element('th', { scope: 'col' }, t(key)));
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...titles)), ...rows);
  const about = healthy ? t('measures_about', { people: healthy.people, diameter: number(model.iris_diameter_mm, 2) }) : t('measures_no_norms');
  const group = element('div', { className: 'chips', role: 'group', ariaLabel: t('measures_title') }, ...chips);
  return card(t('measures_title'), group, ...(known ? [table, soft(about)] : [soft(t('measures_no_scale'))]));
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
  const title = element('th', { scope: 'rowgroup', colSpan: 3 }, `${t(`measure.${name}`)} `, element('span', { className: 'unit' }, UNITS[unit]));
  return element('tbody', {}, element('tr', {}, title), element('tr', {}, ...cells));
}

function eface(found, model, side, chosen, choose) {
  const options = ['right', 'left'].map((one) => {
    const radio = element('input', { type: 'radio', name: 'side', checked: one === side, onchange: () => choose(one) });
    return element('label', {}, radio, t(one));
  });
  const sides = element('fieldset', { className: 'side' }, element('legend', {}, t('affected')), ...options);
  const hint = found.suggested ? t('affected_suggested', { side: t(found.suggested).toLocaleLowerCase() }) : t('affected_open');
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
