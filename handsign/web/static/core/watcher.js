// A model with its sensor and its session: camera images or pointer positions in, results out.

import { Forecaster } from "./forecaster.js";
import { Layout } from "./layout.js";
import { Recogniser } from "./recogniser.js";
import { openSensor } from "./sensor.js";

/**
 * @typedef {object} Result
 * @property {"idle" | "landmarks" | import("./recogniser.js").State} state idle: the camera is off; landmarks: there is
 *   no model
 * @property {Float32Array | null} [keypoints] (1662,) where the sensor looks for them
 * @property {Float32Array | null} [probabilities] (labels,) of a classification
 * @property {import("./trigger.js").Event | null} [event]
 * @property {Float32Array | null} [context] of a forecast: the window (window * size,)
 * @property {Float32Array | null} [forecast] (steps * size,)
 */

export class Watcher {
  /**
   * @param {import("./models.js").Model | null} model null: only keypoints are found, which is what recording needs
   * @param {import("./keypoints.js").Keypoints} keypoints
   */
  constructor(model, keypoints) {
    this.model = model;
    this.task = model?.task ?? null;
    this.sensor = openSensor(this.task, model?.info.sample ?? [], keypoints);
    this.recogniser = model?.task.question === "classification" ? recogniser(model) : null;
    this.session = this.recogniser ?? (model ? forecaster(model) : null);
  }

  /** Whether the sensor looks for keypoints. */
  get needsKeypoints() {
    return this.task?.sensor !== "image";
  }

  /**
   * @param {number} time of the image, in seconds
   * @param {ImageBitmap} image which is closed
   * @returns {Promise<Result>}
   */
  async onImage(time, image) {
    const { sample, keypoints } = await this.sensor(image);
    if (!this.session) return { state: "landmarks", keypoints };
    return { keypoints, ...(await this.session.update(time, sample)) };
  }

  /**
   * @param {number} time in seconds
   * @param {number} x in 0..1 of the image's width
   * @param {number} y in 0..1 of its height
   * @returns {Promise<Result | null>} null if the task takes no pointer positions
   */
  async onPointer(time, x, y) {
    if (!this.session || !this.task?.fromPointer) return null;
    return this.session.update(time, this.task.fromPointer(x, y));
  }
}

/** @param {import("./models.js").Model} model */
function recogniser({ task: { gate }, info, predict }) {
  const layout = new Layout(info.layout);
  /** @type {(window: Float32Array) => boolean} */
  const open = gate && info.gate !== false ? (window) => gate(window, layout) : () => true;
  return new Recogniser(info, predict, open, layout.groups);
}

/** @param {import("./models.js").Model} model */
function forecaster({ task: { steps = 1 }, info, rollout }) {
  return new Forecaster(info, (window) => rollout(window, steps), new Layout(info.layout).groups);
}
