// Pictures become small samples: all the preprocessing that the page does. The rest is inside the models.

const LUMA = [0.299, 0.587, 0.114];

/**
 * Pixels shrunk to width x height: every new pixel is the mean of the area it covers, rounded, as by OpenCV's INTER_AREA.
 *
 * @param {Uint8ClampedArray | number[]} pixels RGBA, row by row
 * @param {[number, number]} from width and height
 * @param {[number, number]} to
 * @returns {Uint8Array} RGB
 */
export function shrink(pixels, from, to) {
  const [columns, rows] = [cover(from[0], to[0]), cover(from[1], to[1])];
  const line = new Float32Array(to[0] * 3);
  const out = new Uint8Array(to[0] * to[1] * 3);
  rows.forEach((parts, y) => {
    line.fill(0);
    for (const [row, share] of parts) addRow(line, pixels, row * from[0], columns, share);
    line.forEach((value, i) => (out[y * line.length + i] = Math.round(value)));
  });
  return out;
}

function addRow(line, pixels, start, columns, share) {
  columns.forEach((parts, x) => {
    for (const [column, width] of parts) {
      const [at, weight] = [4 * (start + column), share * width];
      line[3 * x] += weight * pixels[at];
      line[3 * x + 1] += weight * pixels[at + 1];
      line[3 * x + 2] += weight * pixels[at + 2];
    }
  });
}

/** Which of `from` cells each of `to` larger ones covers, and with what share of itself. */
function cover(from, to) {
  const size = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [first, end] = [i * size, (i + 1) * size];
    const parts = [];
    for (let cell = Math.floor(first); cell < Math.min(Math.ceil(end - 1e-9), from); cell++) {
      parts.push([cell, (Math.min(cell + 1, end) - Math.max(cell, first)) / size]);
    }
    return parts;
  });
}

/**
 * RGB as a sample: three channels in OpenCV's order (BGR), or a grey one.
 *
 * @param {Uint8Array} rgb
 * @param {number} channels
 * @param {number} white what white is in a sample
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
 * What of a picture is looked at, [left, top, width, height]: all of it, or as much of the middle as has a sample's shape.
 *
 * @param {[number, number]} from width and height
 * @param {[number, number]} to
 * @param {boolean} middle
 */
export function part(from, to, middle) {
  const scale = Math.min(from[0] / to[0], from[1] / to[1]);
  const [width, height] = middle ? to.map((side) => Math.round(side * scale)) : from;
  return [Math.floor((from[0] - width) / 2), Math.floor((from[1] - height) / 2), width, height];
}

/** Turns pictures into samples of one shape. */
export class Shrunk {
  /**
   * @param {number[]} shape height, width and maybe channels of a sample
   * @param {{white: number, middle?: boolean}} row see tasks.js
   */
  constructor([height, width, channels = 1], { white, middle = false }) {
    this.size = /** @type {[number, number]} */ ([width, height]);
    this.channels = channels;
    this.white = white;
    this.middle = middle;
    this.pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  }

  /** @param {ImageBitmap} picture given away */
  sample(picture) {
    const [left, top, width, height] = part([picture.width, picture.height], this.size, this.middle);
    const { canvas } = this.pen;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.pen.drawImage(picture, -left, -top);
    picture.close();
    const rgb = shrink(this.pen.getImageData(0, 0, width, height).data, [width, height], this.size);
    return toSample(rgb, this.channels, this.white);
  }
}
