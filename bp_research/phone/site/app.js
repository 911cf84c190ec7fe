// The page's steps: consent, expression, photo, points, result. Everything lives in memory until the page is closed.

import { Camera, hasCamera } from './camera.js';
import { Editor } from './editor.js';
import { FaceMeshEngine } from './facemesh.js';
import { getLandmarks } from './get_landmarks.js';
import { findReasons } from './quality.js';
import { evaluate, show as showResult } from './result.js';
import { save } from './saving.js';
import { element, loadTexts, said, setLanguage, t, word, wordsOf } from './texts.js';

const $ = (id) => document.getElementById(id);
const [model] = await Promise.all([fetch('model.json').then((answer) => answer.json()), loadTexts()]);
const emptied = () => ({ faces: {}, pending: null, affected: null, shown: null });
const session = { ...emptied(), expression: model.expressions[0] };
const cards = document.querySelectorAll('[data-expression]');
const camera = new Camera($('video'), $('viewfinder'));
const editor = new Editor($('stage'), model.face_outlines);

const engine = FaceMeshEngine.load(model);
engine
  .then(() => word('engine', 'ready'), ({ why, values }) => word('engine', `error.${why}`, values))
  .then(() => navigator.serviceWorker?.register('service_worker.js')) // afterwards, so that the files are fetched once
  .catch(() => {});

// Show the step that the address names, or the last one before it that is possible.
function show() {
  const [count, wanted] = [Object.keys(session.faces).length, location.hash.slice(1) || 'start'];
  const isPossible = { start: true, list: true, photo: true, check: session.pending, result: count };
  const view = !$('consent').checked ? 'start' : isPossible[wanted] ? wanted : 'list';
  camera.close();
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== view;
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
  $('file').value = '';
  camera.close();
}

const attempt = (action) => action().catch((error) => showPhoto(wordsOf(error)));

async function measured(file) {
  showPhoto();
  $('busy').textContent = t('measuring');
  await new Promise((resolve) => setTimeout(resolve, 30)); // the words are drawn before the work begins
  const face = await getLandmarks(file, await engine, model);
  const reasons = findReasons(face, session.expression, model.quality);
  session.pending = { ...face, expression: session.expression, reasons };
  location.hash = 'check';
}

function showCheck() {
  editor.show(session.pending);
  $('zoom').reset();
  $('reasons').replaceChildren(...session.pending.reasons.map((reason) => element('li', {}, said(reason))));
}

function showNumbers() {
  const found = evaluate(session.faces, model);
  showResult($('numbers'), found, model, session);
  $('saved').textContent = '';
  $('save').onclick = async () => {
    const files = await save(found, $('code').value.trim(), model.version);
    $('saved').textContent = t('saved', { files: files.join(', ') });
  };
}

$('language').value = document.documentElement.lang;
$('language').onchange = ({ target }) => show(setLanguage(target.value));
$('consent').onchange = ({ target }) => ($('begin').disabled = !target.checked);
// without a live picture, as on plain http, a phone offers its camera among the files
$('take').onclick = () => (hasCamera() ? attempt(() => camera.open('user')) : $('file').click());
$('other-camera').onclick = () => attempt(() => camera.other());
$('shutter').onclick = () => attempt(() => camera.shoot().then(measured));
$('cancel').onclick = () => showPhoto();
$('file').onchange = ({ target }) => attempt(() => measured(target.files[0]));
cards.forEach((card) => (card.onclick = () => (session.expression = card.dataset.expression)));
$('zoom').onchange = ({ target }) => editor.zoom(target.value);
$('reset').onclick = () => editor.reset();
$('confirm').onclick = () => (session.faces[session.pending.expression] = session.pending);
$('numbers').onchange = ({ target }) => showNumbers(Object.assign(session, { [target.name]: target.value }));
$('forget').onclick = () => Object.assign(session, emptied());
$('version').textContent = `bp_research ${model.version}`;
// after what the button does
addEventListener('click', ({ target: { dataset } }) => dataset.go && (location.hash = dataset.go));
addEventListener('hashchange', show);
document.querySelector('main').hidden = false;
show();
