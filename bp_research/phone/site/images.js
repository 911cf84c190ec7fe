// Photos as pixels, upright (face/images.py); squares of them as OpenCV cuts them out.
// A picture is {width, height, data}, four bytes a pixel: red, green, blue, alpha.

import { PageError } from './errors.js';

export async function readImage(file, maxMegapixels) {
  if (!file.size) throw new PageError('empty');
  const [width, height] = await sizeOf(file);
  const megapixels = Math.round((width * height) / 1e6);
  if (megapixels > maxMegapixels) throw new PageError('large', { megapixels, most: maxMegapixels });
  if (await isCutOff(file)) throw new PageError('damaged');
  let bitmap;
  try {
    // colours as they are in the file, as Python reads them
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image', colorSpaceConversion: 'none' });
  } catch {
    throw new PageError('damaged');
  }
  const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  try {
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return { width: canvas.width, height: canvas.height, data, canvas };
  } catch {
    throw new PageError('large', { megapixels, most: maxMegapixels });
  }
}

// Width and height, known before the pixels are decoded.
async function sizeOf(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject }));
    return [image.naturalWidth, image.naturalHeight];
  } catch {
    throw new PageError(file.type.startsWith('image/') ? 'damaged' : 'no_picture');
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

// Browsers draw what is there of a JPEG or PNG and leave the rest grey: such a file does not end as it should.
async function isCutOff(file) {
  const parts = await Promise.all([file.slice(0, 2), file.slice(-65536)].map((part) => part.arrayBuffer()));
  const [first, last] = parts.map((part) => new Uint8Array(part));
  const holds = (a, b) => last.some((byte, i) => byte === a && last[i + 1] === b);
  if (first[0] === 0xff && first[1] === 0xd8) return !holds(0xff, 0xd9);
  return first[0] === 0x89 && first[1] === 0x50 && !new TextDecoder('latin1').decode(last).includes('IEND');
}

// A square of the photo, black outside of it, bit for bit that of cv2.warpAffine: bilinear, in steps of 1/32 px.
// `frame` [[a, b, c], [d, e, f]] takes its pixels to the photo's. Bytes red, green, blue.
export function cut({ width, height, data }, [[a, b, c], [d, e, f]], size) {
  const out = new Uint8Array(size * size * 3);
  const columns = Array.from({ length: size }, (_, x) => [roundEven(a * x * 1024), roundEven(d * x * 1024)]);
  const at = (x, y, channel) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : data[4 * (y * width + x) + channel]);
  for (let row = 0, place = 0; row < size; row++) {
    const startX = roundEven((b * row + c) * 1024) + 16;
    const startY = roundEven((e * row + f) * 1024) + 16;
    for (const [moveX, moveY] of columns) {
      const [x32, y32] = [(startX + moveX) >> 5, (startY + moveY) >> 5];
      const [x, y, right, low] = [x32 >> 5, y32 >> 5, x32 & 31, y32 & 31];
      for (let channel = 0; channel < 3; channel++) {
        const upper = at(x, y, channel) * (32 - right) + at(x + 1, y, channel) * right;
        const lower = at(x, y + 1, channel) * (32 - right) + at(x + 1, y + 1, channel) * right;
        out[place++] = (upper * (32 - low) + lower * low + 512) >> 10;
      }
    }
  }
  return out;
}

// Half the size of a square, each pixel the mean of four.
export function halve(square, size) {
  const out = new Uint8Array((size / 2) ** 2 * 3);
  for (let y = 0, place = 0; y < size; y += 2) {
    for (let x = 0; x < size; x += 2) {
      for (let channel = 0; channel < 3; channel++) {
        const i = 3 * (y * size + x) + channel;
        out[place++] = (square[i] + square[i + 3] + square[i + 3 * size] + square[i + 3 * size + 3] + 2) >> 2;
      }
    }
  }
  return out;
}

function roundEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
