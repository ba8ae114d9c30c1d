// Hand signs: handsign/tasks/sign.

import { median } from "../core/layout.js";

const SHOULDERS = [11, 12];
const WRISTS = [15, 16];
const HIPS = [23, 24];
/** Distance from the shoulders (0) to the hips (1) below which a hand is not up. */
const WAIST = 0.6;
/** Minimum share of a window's frames with a hand up. */
const UP = 0.1;

/**
 * Whether a hand is up in a tenth of a window's frames: the task's `gate` in Python, with the same results.
 *
 * @param {Float32Array} window frames * layout.size
 * @param {import("../core/layout.js").Layout} layout
 */
export function handUp(window, layout) {
  const frames = Array.from({ length: window.length / layout.size }, (_, i) =>
    window.subarray(i * layout.size, (i + 1) * layout.size),
  );
  const waist = waistOf(frames, layout); // a wrist has to be inside the image as well, whose lower edge is at 1
  /** @type {(frame: Float32Array, wrist: number) => boolean} */
  const wristUp = (frame, wrist) =>
    layout.at(frame, "pose", wrist, "visibility") > 0.5 && layout.at(frame, "pose", wrist, "y") < Math.min(waist, 1);
  const up = frames.filter(
    (frame) =>
      WRISTS.some((wrist) => wristUp(frame, wrist)) ||
      ["left_hand", "right_hand"].some((hand) => layout.has(frame, hand) && top(frame, hand, layout) < waist),
  );
  return up.length / frames.length >= UP;
}

/**
 * The height (y) of the waist: a median over the frames; Infinity without an upright body.
 *
 * @param {Float32Array[]} frames
 * @param {import("../core/layout.js").Layout} layout
 */
function waistOf(frames, layout) {
  /** @type {(frame: Float32Array, pair: number[]) => number} */
  const height = (frame, [left, right]) =>
    (layout.at(frame, "pose", left, "y") + layout.at(frame, "pose", right, "y")) / 2;
  const trunks = frames
    .filter((frame) => layout.has(frame, "pose"))
    .map((frame) => [height(frame, SHOULDERS), height(frame, HIPS)]);
  const upright = trunks.length > 0 && median(trunks.map(([shoulders, hips]) => hips - shoulders)) > 0;
  return upright ? median(trunks.map(([shoulders, hips]) => shoulders + WAIST * (hips - shoulders))) : Infinity;
}

/**
 * The smallest y of a part.
 *
 * @param {Float32Array} frame
 * @param {string} part
 * @param {import("../core/layout.js").Layout} layout
 */
function top(frame, part, layout) {
  return Math.min(...Array.from({ length: layout.points(part) }, (_, i) => layout.at(frame, part, i, "y")));
}

/** @type {import("../core/task.js").PageTask} */
export default {
  title: "Signs",
  hint: "Sit so that the camera sees you from the hips up, light in front of you, and sign.",
  sensor: "keypoints",
  question: "classification",
  gate: handUp,
};
