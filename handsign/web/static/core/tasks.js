// The tasks that the page knows, one row each: what it watches, and what it asks. A row is used as soon as a model of
// that task is served.

import { handUp } from "./layout.js";

/**
 * @typedef {object} TaskRow
 * @property {string} title
 * @property {string} hint what to do in front of the camera
 * @property {"keypoints" | "picture" | "point"} sense what a sample is made of
 * @property {"classify" | "forecast"} goal
 * @property {number} [white] of a picture: what white is in a sample
 * @property {boolean} [middle] of a picture: only as much of its middle is seen as has the shape of a sample
 * @property {number} [steps] of a forecast: how far it looks ahead
 * @property {(window: Float32Array, layout: import("./layout.js").Layout) => boolean} [gate]
 */

/** @type {Readonly<Record<string, TaskRow>>} */
export const TASKS = Object.freeze({
  sign: {
    title: "Signs",
    hint: "Sit so that the camera sees you from the hips up, light in front of you, and sign.",
    sense: "keypoints",
    goal: "classify",
    gate: handUp,
  },
  strike: {
    title: "Strikes",
    hint: "Stand back until the camera sees your whole body, then punch and kick.",
    sense: "picture",
    white: 255,
    goal: "classify",
  },
  trajectory: {
    title: "Paths",
    hint: "Move the mouse or a finger over the picture; with the camera on, your fingertip.",
    sense: "point",
    goal: "forecast",
    steps: 128,
  },
  nextframe: {
    title: "Next frame",
    hint: "Move in front of the camera: on the right is what the model thinks comes next.",
    sense: "picture",
    white: 1,
    middle: true,
    goal: "forecast",
    steps: 8,
  },
});

const always = () => true;

/** Whether anything could be going on in a window of a task: the model is asked only then. */
export function gateOf(row, info, layout) {
  return row.gate && info.gate !== false ? (window) => row.gate(window, layout) : always;
}
