// What the columns of a sample mean, as a bundle's metadata say: `Layout` in Python.

import { present } from "./windows.js";

/** @typedef {[name: string, points: number, fields: string[]]} Part */

export class Layout {
  /** @param {Part[]} parts in the order of the columns */
  constructor(parts) {
    let end = 0;
    this.parts = new Map(
      parts.map(([name, points, fields]) => [
        name,
        { points, fields, first: end, end: (end += points * fields.length) },
      ]),
    );
    this.size = end;
  }

  /** First and end column of each part: a part is missing as a whole. */
  get groups() {
    return [...this.parts.values()].map(({ first, end }) => /** @type {[number, number]} */ ([first, end]));
  }

  /**
   * How many landmarks a part has; 0 if there is no such part.
   *
   * @param {string} name
   */
  points(name) {
    return this.parts.get(name)?.points ?? 0;
  }

  /**
   * Whether a part was found in a sample.
   *
   * @param {Float32Array} sample
   * @param {string} name
   */
  has(sample, name) {
    const part = this.parts.get(name);
    return !!part && present(sample, part.first, part.end);
  }

  /**
   * One value of one landmark of a part; NaN if there is no such part.
   *
   * @param {Float32Array} sample
   * @param {string} name
   * @param {number} landmark
   * @param {string} field
   */
  at(sample, name, landmark, field) {
    const part = this.parts.get(name);
    return part ? sample[part.first + landmark * part.fields.length + part.fields.indexOf(field)] : Number.NaN;
  }
}

/** The 1662 columns of a sample of workers/keypoints.js. */
export const HOLISTIC = new Layout([
  ["pose", 33, ["x", "y", "z", "visibility"]],
  ["face", 468, ["x", "y", "z"]],
  ["left_hand", 21, ["x", "y", "z"]],
  ["right_hand", 21, ["x", "y", "z"]],
]);

/** @param {number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
