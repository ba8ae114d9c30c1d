// Images become small samples: the only preprocessing of the page. All other is part of the models.

import { context2d } from "./dom.js";

const LUMA = [0.299, 0.587, 0.114];

/**
 * @typedef {[number, number]} Size width and height in pixels
 * @typedef {object} ImageFormat
 * @property {number} white value of a white pixel in a sample
 * @property {boolean} [crop] crop the image to the proportions of a sample instead of distorting it
 */

/**
 * Pixels resized by area, rounded, as by OpenCV's INTER_AREA.
 *
 * @param {Uint8ClampedArray | number[]} pixels RGBA, row by row
 * @param {Size} from
 * @param {Size} to smaller
 * @returns {Uint8Array} RGB, row by row
 */
export function resize(pixels, from, to) {
  const [columns, rows] = [coverage(from[0], to[0]), coverage(from[1], to[1])];
  const line = new Float32Array(to[0] * 3);
  const out = new Uint8Array(to[0] * to[1] * 3);
  rows.forEach((parts, y) => {
    line.fill(0);
    for (const [row, weight] of parts) addRow(line, pixels, row * from[0], columns, weight);
    line.forEach((value, i) => (out[y * line.length + i] = Math.round(value)));
  });
  return out;
}

/**
 * Add a weighted row of pixels to a row of larger ones.
 *
 * @param {Float32Array} line RGB
 * @param {Uint8ClampedArray | number[]} pixels RGBA
 * @param {number} start index of the row's first pixel
 * @param {[number, number][][]} columns of `coverage`
 * @param {number} weight
 */
function addRow(line, pixels, start, columns, weight) {
  columns.forEach((parts, x) => {
    for (const [column, width] of parts) {
      const [at, share] = [4 * (start + column), weight * width];
      line[3 * x] += share * pixels[at];
      line[3 * x + 1] += share * pixels[at + 1];
      line[3 * x + 2] += share * pixels[at + 2];
    }
  });
}

/**
 * For each of `to` large cells: the small cells of `from` that it covers, and their weights, which add up to 1.
 *
 * @param {number} from
 * @param {number} to
 */
function coverage(from, to) {
  const size = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [first, end] = [i * size, (i + 1) * size];
    /** @type {[number, number][]} */
    const parts = [];
    for (let cell = Math.floor(first); cell < Math.min(Math.ceil(end - 1e-9), from); cell++) {
      parts.push([cell, (Math.min(cell + 1, end) - Math.max(cell, first)) / size]);
    }
    return parts;
  });
}

/**
 * RGB as a sample: three channels in OpenCV's order (BGR), or one grey channel.
 *
 * @param {Uint8Array} rgb
 * @param {number} channels
 * @param {number} white value of a white pixel
 * @returns {Float32Array} (height * width * channels,)
 */
export function toSample(rgb, channels, white) {
  const count = rgb.length / 3;
  const sample = new Float32Array(count * channels);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = rgb.subarray(3 * i, 3 * i + 3);
    const values = channels === 3 ? [b, g, r] : [Math.round(LUMA[0] * r + LUMA[1] * g + LUMA[2] * b)];
    values.forEach((value, c) => (sample[i * channels + c] = (value * white) / 255));
  }
  return sample;
}

/**
 * The part of an image that is used: all of it, or the largest one in its middle with the proportions of `to`.
 *
 * @param {Size} from
 * @param {Size} to
 * @param {boolean} crop
 * @returns {[number, number, number, number]} left, top, width, height
 */
function region(from, to, crop) {
  const scale = Math.min(from[0] / to[0], from[1] / to[1]);
  const [width, height] = crop ? to.map((side) => Math.round(side * scale)) : from;
  return [Math.floor((from[0] - width) / 2), Math.floor((from[1] - height) / 2), width, height];
}

/** Turns images into samples of one shape. */
export class ImageSampler {
  /**
   * @param {number[]} shape height, width and, if there are more than one, channels of a sample
   * @param {ImageFormat} [format]
   */
  constructor([height, width, channels = 1], { white, crop = false } = { white: 255 }) {
    /** @type {Size} */
    this.size = [width, height];
    this.channels = channels;
    this.white = white;
    this.crop = crop;
    this.canvas = new OffscreenCanvas(1, 1);
  }

  /**
   * @param {ImageBitmap} image which is closed
   * @returns {Float32Array} (height * width * channels,)
   */
  sample(image) {
    const [left, top, width, height] = region([image.width, image.height], this.size, this.crop);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = context2d(this.canvas, { willReadFrequently: true });
    pen.drawImage(image, -left, -top);
    image.close();
    const rgb = resize(pen.getImageData(0, 0, width, height).data, [width, height], this.size);
    return toSample(rgb, this.channels, this.white);
  }
}
