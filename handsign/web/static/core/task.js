// What the page needs to know of a task: from the task's own module in tasks/, else from a model's metadata.

import { HOLISTIC } from "./layout.js";

/**
 * What a module in tasks/ exports as its default, under the name of the task.
 *
 * @typedef {object} PageTask
 * @property {string} title of the choice that opens its model
 * @property {string} hint what to do in front of the camera
 * @property {"keypoints" | "image"} sensor what a camera image becomes: 1662 keypoints, or a small image
 * @property {"classification" | "forecast"} question what a model answers
 * @property {import("./image.js").ImageFormat} [image] of an image sensor
 * @property {number} [steps] of a forecast: how many samples
 * @property {(window: Float32Array, layout: import("./layout.js").Layout) => boolean} [gate] whether a window
 *   (samples * layout.size) can hold any label but rest; the model runs only then
 * @property {(keypoints: Float32Array) => Float32Array} [adapt] makes a sample of keypoints (1662,)
 * @property {(x: number, y: number) => Float32Array} [fromPointer] makes a sample of a pointer position in 0..1: the
 *   pointer is a source of samples as long as the camera is off
 * @property {(pen: CanvasRenderingContext2D, context: Float32Array, forecast: Float32Array | null) => void} [draw]
 *   draws a window and its forecast over the image
 */

/**
 * The task of a model or of takes.
 *
 * @param {{task: string, sample: number[], predictionIntervals?: number[][]}} info
 * @param {string[]} modules names of the modules in tasks/
 * @returns {Promise<PageTask | null>} null if it has no module and metadata do not suffice
 */
export async function loadTask(info, modules) {
  if (!modules.includes(info.task)) return fromMetadata(info);
  return (await import(`../tasks/${info.task}.js`)).default;
}

/**
 * A task without a module: keypoints and images are recognised by the shape of a sample, forecasts by their prediction
 * intervals (levels x steps).
 *
 * @param {{task: string, sample: number[], predictionIntervals?: number[][]}} info
 * @returns {PageTask | null}
 */
function fromMetadata({ task, sample, predictionIntervals = [] }) {
  const keypoints = sample.length === 1 && sample[0] === HOLISTIC.size;
  if (!keypoints && sample.length < 2) return null;
  return {
    title: task,
    hint: "",
    sensor: keypoints ? "keypoints" : "image",
    question: predictionIntervals.length ? "forecast" : "classification",
    steps: predictionIntervals[0]?.length,
  };
}
