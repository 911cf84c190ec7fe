// Photos as pixels, upright (face/images.py); squares of them as OpenCV cuts them out.
// A picture is {width, height, data}, four bytes a pixel: red, green, blue, alpha.

import { fail } from './errors.js';

// What canvases of all phones hold, pixels; a photo with more is reduced to it.
const MOST_PIXELS = 16e6;

export async function readImage(file, maxMegapixels) {
  if (!file.size) fail('empty');
  const [width, height] = await sizeOf(file);
  const megapixels = Math.round((width * height) / 1e6);
  if (megapixels > maxMegapixels) fail('large', { megapixels, most: maxMegapixels });
  if (await isCutOff(file)) fail('damaged');
  // colours as they are in the file, as Python reads them
  const options = { imageOrientation: 'from-image', colorSpaceConversion: 'none', resizeQuality: 'high' };
  const scale = Math.sqrt(MOST_PIXELS / (width * height));
  if (scale < 1) options.resizeWidth = Math.floor(width * scale);
  const bitmap = await createImageBitmap(file, options).catch(() => fail('damaged'));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return Object.assign(context.getImageData(0, 0, canvas.width, canvas.height), { canvas });
}

// Width and height, known before the pixels are decoded.
async function sizeOf(file) {
  const image = new Image();
  const src = URL.createObjectURL(file);
  const loaded = new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject, src }));
  await loaded.catch(() => fail(file.type.startsWith('image/') ? 'damaged' : 'no_picture'));
  URL.revokeObjectURL(src);
  return [image.naturalWidth, image.naturalHeight];
}

// Browsers draw what is there of a JPEG or PNG and leave the rest grey: such a file does not end as it should.
async function isCutOff(file) {
  const text = async (part) => new TextDecoder('latin1').decode(await part.arrayBuffer());
  const [first, last] = [await text(file.slice(0, 4)), await text(file.slice(-65536))];
  if (first.startsWith('ÿØ')) return !last.includes('ÿÙ');
  return first.endsWith('PNG') && !last.includes('IEND');
}

// A square of the photo, black outside of it, bit for bit that of cv2.warpAffine: bilinear, in steps of 1/32 px.
// `frame`, a DOMMatrix, takes its pixels to the photo's. Bytes red, green, blue.
export function cut({ width, height, data }, { a, b, c, d, e, f }, size) {
  const out = new Uint8Array(size * size * 3);
  const [moveX, moveY] = [a, b].map((step) => Int32Array.from({ length: size }, (_, x) => roundEven(step * x * 1024)));
  for (let row = 0, place = 0; row < size; row++) {
    const startX = roundEven((c * row + e) * 1024) + 16;
    const startY = roundEven((d * row + f) * 1024) + 16;
    for (let column = 0; column < size; column++, place += 3) {
      const x32 = (startX + moveX[column]) >> 5;
      const y32 = (startY + moveY[column]) >> 5;
      const sums = [512, 512, 512];
      for (let corner = 0; corner < 4; corner++) {
        const x = (x32 >> 5) + (corner & 1);
        const y = (y32 >> 5) + (corner >> 1);
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const weight = (corner & 1 ? x32 & 31 : 32 - (x32 & 31)) * (corner >> 1 ? y32 & 31 : 32 - (y32 & 31));
        const i = 4 * (y * width + x);
        for (let channel = 0; channel < 3; channel++) sums[channel] += weight * data[i + channel];
      }
      for (let channel = 0; channel < 3; channel++) out[place + channel] = sums[channel] >> 10;
    }
  }
  return out;
}

// Half the size of a square, each pixel the mean of four.
export function halve(square, size) {
  const row = 3 * size;
  return new Uint8Array(square.length / 4).map((_, place) => {
    const i = 2 * row * Math.floor((2 * place) / row) + 2 * (place % (row / 2)) - (place % 3);
    return (square[i] + square[i + 3] + square[i + row] + square[i + row + 3] + 2) >> 2;
  });
}

// To the nearest whole number, the even one of two: numbers as large as this have no fractions.
const roundEven = (value) => value + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;
