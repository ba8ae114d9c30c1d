// Samples in, the samples that follow out: the forecasting session of Python.

import { SampleBuffer } from "./windows.js";

export class Forecaster {
  /**
   * @param {import("./info.js").Info} info
   * @param {(window: Float32Array) => Promise<Float32Array>} forecast window (window * size,) -> (steps * size,)
   * @param {[number, number][]} groups columns of a sample that are missing together
   */
  constructor(info, forecast, groups) {
    this.buffer = new SampleBuffer(info.window, info.rate);
    this.forecast = forecast;
    this.groups = groups;
    this.busy = false;
  }

  /**
   * Take in a sample. There is no forecast until the window is full, nor while the last one is being computed: it would
   * be about the past by the time it is done.
   *
   * @param {number} time seconds
   * @param {Float32Array} sample (size,)
   * @returns {Promise<{state: "filling" | "active", context: Float32Array | null, forecast: Float32Array | null}>}
   *   `context` is the window (window * size,)
   */
  async update(time, sample) {
    const context = this.buffer.add(time, sample, this.groups);
    if (!context) return { state: "filling", context: null, forecast: null };
    if (this.busy) return { state: "active", context, forecast: null };
    this.busy = true;
    try {
      return { state: "active", context, forecast: await this.forecast(context) };
    } finally {
      this.busy = false;
    }
  }
}
