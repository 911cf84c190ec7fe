// The page's words in four languages (texts.json): keys, with {names} of what is put in.

let texts;
const language = () => document.documentElement.lang;

export async function loadTexts() {
  texts = await (await fetch('texts.json')).json();
  setLanguage(navigator.languages.map((one) => one.slice(0, 2)).find((one) => one in texts) ?? 'en');
}

export function setLanguage(code) {
  document.documentElement.lang = code;
  document.title = t('title');
  for (const one of document.querySelectorAll('[data-text]')) one.textContent = t(one.dataset.text, one.dataset);
  for (const one of document.querySelectorAll('[data-label]')) one.ariaLabel = t(one.dataset.label, one.dataset);
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
