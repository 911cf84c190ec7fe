// The page's steps: consent, expression, photo, points, result. Everything lives in memory until the page is closed.

import { Camera, hasCamera } from './camera.js';
import { Editor } from './editor.js';
import { FaceMeshEngine } from './facemesh.js';
import { getLandmarks } from './get_landmarks.js';
import { findReasons } from './quality.js';
import { evaluate, show as showResult } from './result.js';
import { save } from './saving.js';
import { element, loadTexts, said, setLanguage, t, word, wordsOf } from './texts.js';

const VIEWS = ['start', 'list', 'photo', 'check', 'result'];
const $ = (id) => document.getElementById(id);
const [model, languages] = await Promise.all([fetch('model.json').then((answer) => answer.json()), loadTexts()]);
const emptied = { faces: {}, pending: null, affected: null, shown: null };
const session = { ...emptied, expression: model.expressions[0] };
const cards = document.querySelectorAll('[data-expression]');
const zooms = document.querySelectorAll('[data-zoom]');
const camera = new Camera($('video'), $('viewfinder'));
const editor = new Editor($('stage'), model.face_outlines, (words) => ($('chosen').textContent = words));

const engine = FaceMeshEngine.load(model);
engine
  .then(() => word('engine', 'ready'), ({ why, values }) => word('engine', `error.${why}`, values))
  .then(() => navigator.serviceWorker?.register('service_worker.js')) // afterwards, so that the files are fetched once
  .catch(() => {});

const go = (view) => (location.hash = view);

// Show the step that the address names, or the last one before it that is possible.
function show() {
  let view = VIEWS.find((one) => location.hash === `#${one}`) ?? 'start';
  if (view === 'check' && !session.pending) view = 'list';
  if (view === 'result' && !Object.keys(session.faces).length) view = 'list';
  if (!$('consent').checked) view = 'start';
  camera.close();
  VIEWS.forEach((one) => ($(one).hidden = one !== view));
  ({ list: showList, photo: showPhoto, check: showCheck, result: showNumbers })[view]?.();
  $(view).querySelector('h1').focus({ preventScroll: true });
  scrollTo(0, 0);
}

function showList() {
  cards.forEach((card) => card.classList.toggle('done', card.dataset.expression in session.faces));
  $('to-result').disabled = !Object.keys(session.faces).length;
}

function showPhoto(problem = '') {
  word('photo-title', `expression.${session.expression}`);
  word('photo-instruction', `instruction.${session.expression}`);
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
  const { reasons } = session.pending;
  editor.show(session.pending);
  zoom('face');
  $('warned').hidden = !reasons.length;
  $('good').hidden = reasons.length;
  $('reasons').replaceChildren(...reasons.map((reason) => element('li', {}, said(reason))));
}

function zoom(part) {
  editor.zoom(part);
  zooms.forEach((button) => (button.ariaPressed = String(button.dataset.zoom === part)));
}

function showNumbers() {
  const found = evaluate(session.faces, model);
  showResult($('numbers'), found, model, session, (choice) => showNumbers(Object.assign(session, choice)));
  $('saved').textContent = '';
  $('save').onclick = async () => {
    const files = await save(found, $('code').value.trim(), model.version);
    $('saved').textContent = t('saved', { files: files.join(', ') });
  };
}

$('language').append(...languages.map(([code, name]) => element('option', { value: code, lang: code }, name)));
$('language').value = document.documentElement.lang;
$('language').onchange = ({ target }) => show(setLanguage(target.value));
$('consent').onchange = ({ target }) => ($('begin').disabled = !target.checked);
$('begin').onclick = () => go('list');
$('to-result').onclick = () => go('result');
// without a live picture, as on plain http, a phone offers its camera among the files
$('take').onclick = () => (hasCamera() ? attempt(() => camera.open('user')) : $('file').click());
$('other-camera').onclick = () => attempt(() => camera.other());
$('shutter').onclick = () => attempt(() => camera.shoot().then(measured));
$('cancel').onclick = () => showPhoto();
$('choose').onclick = () => $('file').click();
$('file').onchange = ({ target }) => {
  const [file] = target.files;
  target.value = '';
  if (file) measured(file);
};
cards.forEach((card) => (card.onclick = () => (session.expression = card.dataset.expression)));
zooms.forEach((button) => (button.onclick = () => zoom(button.dataset.zoom)));
$('reset').onclick = () => editor.reset();
$('confirm').onclick = () => {
  session.faces = { ...session.faces, [session.pending.expression]: session.pending }; // in place of an earlier one
  go('list');
};
$('forget').onclick = () => {
  Object.assign(session, emptied);
  go('list');
};
$('version').textContent = `bp_research ${model.version}`;
addEventListener('hashchange', show);
document.querySelector('main').hidden = false;
show();
