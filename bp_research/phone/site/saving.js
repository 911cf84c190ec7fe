// Photos as PNG, points and measures as JSON, saved on the device; bp_research reads both (datasets/annotated.py).

import { readImage } from './images.js';

export async function save({ faces, measures, beside }, code, version) {
  const day = new Date().toISOString();
  const saved = [];
  for (const [expression, face] of Object.entries(faces)) {
    const { detected, irises, landmarks, pose, reasons } = face;
    const stem = [code.replace(/[^\p{L}\p{N}_-]+/gu, '-'), day.slice(0, 10), expression].filter(Boolean).join(' ');
    const { canvas } = await readImage(face.file, Infinity);
    const about = {
      ...{ photo: `${stem}.png`, expression, saved: day, version: `bp_research ${version}, page for phones` },
      ...(code && { patient_id: code }),
      ...{ start: 'FaceMesh', corrected: String(landmarks) !== String(detected), box: face.boxes[0], landmarks, pose },
      irises: Object.fromEntries(Object.entries(irises).filter(([, iris]) => iris)),
      quality: reasons.map(({ name }) => name),
      ...{ measures: measures[expression], asymmetry: beside[expression] },
    };
    download(await canvas.convertToBlob(), `${stem}.png`); // PNG
    download(new Blob([JSON.stringify(about, null, 1)], { type: 'application/json' }), `${stem}.json`);
    saved.push(`${stem}.png`, `${stem}.json`);
  }
  return saved;
}

function download(content, name) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
