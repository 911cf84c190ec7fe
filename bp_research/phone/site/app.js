// The page's steps: consent, expression, photo, points, result. Everything lives in memory until the page is closed.

import { Camera } from './camera.js';
import { Editor } from './editor.js';
import { FaceMeshEngine } from './facemesh.js';
import { getLandmarks } from './get_landmarks.js';
import { findReasons } from './quality.js';
import { evaluate, show as showResult } from './result.js';
import { save } from './saving.js';
import { currentLanguage, element, loadTexts, said, setLanguage, t, wordsOf } from './texts.js';

const VIEWS = ['start', 'list', 'photo', 'check', 'result'];
const $ = (id) => document.getElementById(id);
const [model, languages] = await Promise.all([fetch('model.json').then((answer) => answer.json()), loadTexts()]);
const session = { faces: {}, expression: model.expressions[0], pending: null, affected: null, shown: null };
const cards = document.querySelectorAll('[data-expression]');
const zooms = document.querySelectorAll('[data-zoom]');
const camera = new Camera($('video'), $('viewfinder'));
const editor = new Editor($('stage'), model.face_outlines, (words) => ($('chosen').textContent = words));

const engine = FaceMeshEngine.load(model);
let state = () => t('loading');
engine.then(
  () => (state = () => t('ready')),
  (error) => (state = () => wordsOf(error)),
).then(() => tell());
// afterwards, so that the files are fetched once
engine.finally(() => navigator.serviceWorker?.register('service_worker.js')).catch(() => {});

const tell = () => ($('engine').textContent = state());

function go(view) {
  history.pushState(null, '', `#${view}`);
  show();
}

// Show the step that the address names, or the last one before it that is possible.
function show() {
  let view = VIEWS.find((one) => location.hash === `#${one}`) ?? 'start';
  if (view === 'check' && !session.pending) view = 'list';
  if (view === 'result' && !Object.keys(session.faces).length) view = 'list';
  if (!$('consent').checked) view = 'start';
  camera.close();
  tell();
  VIEWS.forEach((one) => ($(one).hidden = one !== view));
  ({ list: showList, photo: showPhoto, check: showCheck, result: showNumbers })[view]?.();
  $(view).querySelector('h1').focus({ preventScroll: true });
  scrollTo(0, 0);
}

function showList() {
  for (const card of cards) {
    const done = card.dataset.expression in session.faces;
    card.classList.toggle('done', done);
    card.querySelector('small').hidden = !done;
  }
  $('to-result').disabled = !Object.keys(session.faces).length;
}

function showPhoto(problem = '') {
  $('photo-title').textContent = t(`expression.${session.expression}`);
  $('photo-instruction').textContent = t(`instruction.${session.expression}`);
  $('problem').textContent = problem;
  $('busy').textContent = '';
  camera.close();
}

const attempt = (action) => action().catch((error) => showPhoto(wordsOf(error)));

const measured = (file) =>
  attempt(async () => {
    showPhoto();
    $('busy').textContent = t('measuring');
    await new Promise((resolve) => setTimeout(resolve, 30)); // the words are drawn before the work begins
    const face = await getLandmarks(file, await engine, model);
    const reasons = findReasons(face, session.expression, model.quality);
    session.pending = { ...face, expression: session.expression, reasons };
    go('check');
  });

function showCheck() {
  editor.show(session.pending);
  pressZoom('face');
  const items = session.pending.reasons.map((reason) => element('li', {}, said(reason)));
  const list = [element('h2', {}, t('quality_title')), element('ul', {}, ...items)];
  $('quality').className = items.length ? 'warned' : 'good';
  $('quality').replaceChildren(...(items.length ? list : [`✓ ${t('quality_good')}`]));
}

function pressZoom(part) {
  editor.zoom(part);
  zooms.forEach((button) => (button.ariaPressed = String(button.dataset.zoom === part)));
}

function showNumbers() {
  const found = evaluate(session.faces, model);
  const choose = (choice) => showNumbers(Object.assign(session, choice));
  showResult($('numbers'), found, model, session, choose);
  $('saved').textContent = '';
  $('save').onclick = async () => {
    const files = await save(found, $('code').value.trim(), model.version);
    $('saved').textContent = t('saved', { files: files.join(', ') });
  };
}

$('language').append(...languages.map(([code, name]) => element('option', { value: code, lang: code }, name)));
$('language').value = currentLanguage();
$('language').onchange = ({ target }) => show(setLanguage(target.value));
$('consent').onchange = ({ target }) => ($('begin').disabled = !target.checked);
$('begin').onclick = () => go('list');
$('to-result').onclick = () => go('result');
// without a live picture, as on plain http, a phone offers its camera among the files
$('take').onclick = () => (Camera.exists ? attempt(() => camera.open('user')) : $('file').click());
$('other-camera').onclick = () => attempt(() => camera.other());
$('shutter').onclick = () => attempt(() => camera.shoot().then(measured));
$('cancel').onclick = () => showPhoto();
$('choose').onclick = () => $('file').click();
$('file').onchange = ({ target }) => {
  const [file] = target.files;
  target.value = '';
  if (file) measured(file);
};
for (const card of cards) card.onclick = () => (session.expression = card.dataset.expression);
for (const button of zooms) button.onclick = () => pressZoom(button.dataset.zoom);
$('reset').onclick = () => editor.reset();
$('confirm').onclick = () => {
  session.faces[session.pending.expression] = session.pending; // in place of an earlier one
  session.pending = null;
  go('list');
};
$('forget').onclick = () => {
  Object.assign(session, { faces: {}, pending: null, affected: null, shown: null });
  go('list');
};
$('version').textContent = `bp_research ${model.version}`;
addEventListener('hashchange', show);
document.querySelector('main').hidden = false;
show();
