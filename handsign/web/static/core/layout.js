// What the columns of a sample mean, as its bundle says (keypoints.Layout), and the sign task's gate.

import { present } from "./windows.js";

export class Layout {
  /** @param {[string, number, string[]][]} parts name, landmarks, fields of each */
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

  /** First and end columns of the parts: each is missing as a whole. */
  get groups() {
    return [...this.parts.values()].map(({ first, end }) => /** @type {[number, number]} */ ([first, end]));
  }

  /** Whether a part was found in a sample. */
  has(sample, name) {
    const part = this.parts.get(name);
    return !!part && present(sample, part.first, part.end);
  }

  /** One value of one landmark of a part. */
  at(sample, name, landmark, field) {
    const { first, fields } = this.parts.get(name);
    return sample[first + landmark * fields.length + fields.indexOf(field)];
  }
}

const SHOULDERS = [11, 12];
const WRISTS = [15, 16];
const HIPS = [23, 24];
const WAIST = 0.6;
const UP = 0.1;

/**
 * Whether a hand is up in a tenth of a window's frames: tasks/sign.py, `gate`.
 *
 * @param {Float32Array} window frames x layout.size
 * @param {Layout} layout
 */
export function handUp(window, layout) {
  const frames = Array.from({ length: window.length / layout.size }, (_, i) =>
    window.subarray(i * layout.size, (i + 1) * layout.size),
  );
  const y = (frame, joint) => layout.at(frame, "pose", joint, "y");
  const middle = (frame, pair) => (y(frame, pair[0]) + y(frame, pair[1])) / 2;
  const trunks = frames
    .filter((frame) => layout.has(frame, "pose"))
    .map((frame) => [middle(frame, SHOULDERS), middle(frame, HIPS)]);
  const upright = trunks.length > 0 && median(trunks.map(([top, bottom]) => bottom - top)) > 0;
  const waist = upright ? median(trunks.map(([top, bottom]) => top + WAIST * (bottom - top))) : Infinity;
  const wristUp = (frame) =>
    WRISTS.some((wrist) => layout.at(frame, "pose", wrist, "visibility") > 0.5 && y(frame, wrist) < Math.min(waist, 1));
  const found = (frame, side) => layout.has(frame, side) && highest(frame, side, layout) < waist;
  const up = frames.filter((frame) => wristUp(frame) || found(frame, "left_hand") || found(frame, "right_hand"));
  return up.length / frames.length >= UP;
}

function highest(frame, side, layout) {
  const { points } = layout.parts.get(side);
  return Math.min(...Array.from({ length: points }, (_, i) => layout.at(frame, side, i, "y")));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

const INDEX_TIP = 8;

/** The tip of an index finger, the right hand's first, as shares of the picture; zeros without a hand (paths.fingertip). */
export function fingertip(sample, layout) {
  const side = ["right_hand", "left_hand"].find((name) => layout.has(sample, name));
  const inside = (field) => Math.min(Math.max(layout.at(sample, side, INDEX_TIP, field), 1e-4), 1);
  return Float32Array.of(...(side ? [inside("x"), inside("y")] : [0, 0]));
}
