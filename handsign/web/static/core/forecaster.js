// Samples in; the samples that a model thinks come next out: goals.Forecast, by windows.rollout.

import { Recent } from "./windows.js";

export class Forecaster {
  /**
   * @param {import("./onnx.js").Info} info
   * @param {(window: Float32Array) => Promise<Float32Array>} ahead the samples that follow a window
   * @param {[number, number][]} groups
   */
  constructor(info, ahead, groups) {
    this.recent = new Recent(info.window, info.rate);
    this.ahead = ahead;
    this.groups = groups;
    this.busy = false;
  }

  /**
   * The next sample. `ahead` is what comes after the window, `seen`; null until there is one, and while the last answer
   * is still being worked out: a forecast of what has passed meanwhile is of no use.
   *
   * @returns {Promise<{state: string, seen: Float32Array | null, ahead: Float32Array | null}>}
   */
  async see(time, sample) {
    const seen = this.recent.add(time, sample, this.groups);
    if (!seen) return { state: "filling", seen: null, ahead: null };
    if (this.busy) return { state: "thinking", seen, ahead: null };
    this.busy = true;
    try {
      return { state: "watching", seen, ahead: await this.ahead(seen) };
    } finally {
      this.busy = false;
    }
  }
}
