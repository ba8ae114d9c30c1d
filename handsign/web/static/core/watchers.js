// What is done with the pictures of the camera, or the places of the pointer, for a model of each kind of task.

import { Forecaster } from "./forecaster.js";
import { fingertip, Layout } from "./layout.js";
import { Shrunk } from "./picture.js";
import { Recogniser } from "./recogniser.js";
import { gateOf, TASKS } from "./tasks.js";

/**
 * @typedef {object} Found
 * @property {string} state filling, rest, watching or thinking
 * @property {Float32Array} sample
 * @property {Float32Array | null} [keypoints] where they were looked for
 * @property {Float32Array | null} [scores] of a recogniser
 * @property {import("./trigger.js").Event | null} [event]
 * @property {Float32Array | null} [seen] of a forecaster: the window, and what comes after it
 * @property {Float32Array | null} [ahead]
 */

/** Watches for one model. Without a model it only finds keypoints, which is all that recording needs. */
export class Watcher {
  /**
   * @param {import("./models.js").Model | null} model
   * @param {import("./keypoints.js").Keypoints} keypoints
   */
  constructor(model, keypoints) {
    this.model = model;
    this.keypoints = keypoints;
    this.row = model ? TASKS[model.info.task] : null;
    this.sense = this.row?.sense ?? "keypoints";
    if (!model) return;
    const { info } = model;
    const layout = new Layout(info.layout);
    if (this.sense === "picture") this.shrunk = new Shrunk(info.sample, this.row);
    this.mind =
      this.row.goal === "classify"
        ? new Recogniser(info, model.run, gateOf(this.row, info, layout), layout.groups)
        : new Forecaster(info, (window) => model.ahead(window, this.row.steps), layout.groups);
  }

  /**
   * A picture of the camera at `time` seconds.
   *
   * @param {ImageBitmap} picture given away
   * @returns {Promise<Found>}
   */
  async picture(time, picture) {
    if (this.sense === "picture") {
      const sample = this.shrunk.sample(picture);
      return { sample, ...(await this.mind.see(time, sample)) };
    }
    const keypoints = await this.keypoints.sample(picture);
    if (!this.mind) return { state: "seen", sample: keypoints, keypoints };
    const sample = this.sense === "point" ? fingertip(keypoints, HOLISTIC) : keypoints;
    return { sample, keypoints, ...(await this.mind.see(time, sample)) };
  }

  /**
   * A place of the pointer, as shares of the picture.
   *
   * @returns {Promise<Found>}
   */
  async point(time, x, y) {
    const sample = Float32Array.of(x, y);
    return { sample, ...(await this.mind.see(time, sample)) };
  }
}

/** The columns that workers/keypoints.js gives. */
export const HOLISTIC = new Layout([
  ["pose", 33, ["x", "y", "z", "visibility"]],
  ["face", 468, ["x", "y", "z"]],
  ["left_hand", 21, ["x", "y", "z"]],
  ["right_hand", 21, ["x", "y", "z"]],
]);
