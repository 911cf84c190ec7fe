// The page's words in four languages (texts.json): keys, with {names} of what is put in.

let texts;
const language = () => document.documentElement.lang;

export async function loadTexts() {
  texts = await (await fetch('texts.json')).json();
  const wanted = navigator.languages.map((one) => one.slice(0, 2)).find((one) => one in texts);
  setLanguage(wanted ?? 'en');
  return Object.entries(texts).map(([code, words]) => [code, words.language_name]);
}

export function setLanguage(code) {
  document.documentElement.lang = code;
  document.title = t('title');
  for (const worded of document.querySelectorAll('[data-text]')) worded.textContent = t(worded.dataset.text, worded.dataset);
  for (const labelled of document.querySelectorAll('[data-label]')) labelled.ariaLabel = t(labelled.dataset.label);
}

// Give the element of an id words that follow the language.
export function word(id, text, values) {
  const worded = document.getElementById(id);
  Object.assign(worded.dataset, { text, ...values });
  worded.textContent = t(text, values);
}

export const t = (key, values = {}) => (texts[language()][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
export const wordsOf = ({ why = 'unexpected', message, values }) => t(`error.${why}`, { reason: message, ...values });
export const said = ({ name, value }) => t(`quality.${name}`, { value });
export function number(value, digits = 1) {
  const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return Number.isFinite(value) ? value.toLocaleString(language(), form) : '–';
}

// An element with properties, attributes (names with a dash, or `role`) and what is in it.
export function element(name, about = {}, ...inside) {
  const made = Object.assign(document.createElement(name), about);
  made.append(...inside.filter((one) => one !== ''));
  return made;
}
