// Where a point moves next: handsign/tasks/trajectory.

import { LEFT, RIGHT, stroke } from "../core/draw.js";
import { HOLISTIC } from "../core/layout.js";

const INDEX_TIP = 8;

/**
 * The tip of an index finger, the right hand's first, in 0..1; zeros without a hand. As `fingertip` in Python.
 *
 * @param {Float32Array} keypoints (1662,)
 * @returns {Float32Array} (2,)
 */
export function fingertip(keypoints) {
  const hand = ["right_hand", "left_hand"].find((name) => HOLISTIC.has(keypoints, name));
  if (!hand) return new Float32Array(2);
  return point(HOLISTIC.at(keypoints, hand, INDEX_TIP, "x"), HOLISTIC.at(keypoints, hand, INDEX_TIP, "y"));
}

/**
 * A point inside the image; (0, 0) is kept for a missing one.
 *
 * @param {number} x
 * @param {number} y
 */
function point(x, y) {
  return Float32Array.of(...[x, y].map((value) => Math.min(Math.max(value, 1e-4), 1)));
}

/**
 * Draw the positions of a window as a line and those of the forecast as dots that fade.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} context x, y, x, y, ...
 * @param {Float32Array | null} forecast x, y, x, y, ...
 */
function draw(pen, context, forecast) {
  const { width, height } = pen.canvas;
  pen.beginPath();
  for (let i = 0; i < context.length; i += 2) pen.lineTo(context[i] * width, context[i + 1] * height);
  stroke(pen, LEFT, 4);
  const steps = forecast ? forecast.length / 2 : 0;
  for (let i = 0; forecast && i < steps; i += 2) {
    pen.beginPath();
    pen.arc(forecast[2 * i] * width, forecast[2 * i + 1] * height, 4, 0, 2 * Math.PI);
    pen.globalAlpha = 1 - (0.85 * i) / steps;
    pen.fillStyle = RIGHT;
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/** @type {import("../core/task.js").PageTask} */
export default {
  title: "Paths",
  hint: "Move the mouse or a finger over the picture; with the camera on, your fingertip.",
  sensor: "keypoints",
  adapt: fingertip,
  fromPointer: point,
  question: "forecast",
  steps: 128,
  draw,
};
