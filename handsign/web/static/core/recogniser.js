// Samples in, probabilities and events out: the recognition session of Python, with the same results.

import { isRest, Trigger } from "./trigger.js";
import { SampleBuffer } from "./windows.js";

/** Events in the sentence. */
const SENTENCE = 5;
/** Lower limit of `minConsecutive` on slow machines. */
const MIN_CONSECUTIVE = 2;

/** @typedef {"filling" | "rest" | "active"} State whether the window is full, and whether the gate is open */

export class Recogniser {
  /**
   * @param {import("./info.js").Info} info
   * @param {(window: Float32Array) => Promise<Float32Array>} predict window (window * size,) -> probabilities (labels,)
   * @param {(window: Float32Array) => boolean} gate whether `predict` is to be asked; if not, the window is rest
   * @param {[number, number][]} groups columns of a sample that are missing together
   */
  constructor(info, predict, gate, groups) {
    this.info = info;
    this.predict = predict;
    this.gate = gate;
    this.groups = groups;
    this.buffer = new SampleBuffer(info.window, info.rate);
    this.trigger = new Trigger(info.labels, info);
    this.rest = Float32Array.from(info.labels, (label) => Number(isRest(label)));
    /** @type {string[]} */
    this.sentence = [];
    this.lastSample = -Infinity;
    this.lastPrediction = -Infinity;
    /** Seconds between samples: a moving average. */
    this.interval = 0;
    /** @type {{state: State, probabilities: Float32Array | null}} */
    this.result = { state: "filling", probabilities: null };
  }

  /**
   * Take in a sample. Within `minInterval` of the last prediction its probabilities are returned again.
   *
   * @param {number} time seconds
   * @param {Float32Array} sample (size,)
   * @returns {Promise<{state: State, probabilities: Float32Array | null, event: import("./trigger.js").Event | null}>}
   *   `probabilities` (labels,) are null until the window is full
   */
  async update(time, sample) {
    this.adaptToRate(time);
    const window = this.buffer.add(time, sample, this.groups);
    const elapsed = time - this.lastPrediction;
    if (!window) this.result = { state: "filling", probabilities: null };
    else if (!(elapsed >= 0 && elapsed < this.info.minInterval - 1e-3)) return this.recognise(time, window);
    return { ...this.result, event: null };
  }

  /**
   * @param {number} time
   * @param {Float32Array} window
   */
  async recognise(time, window) {
    this.lastPrediction = time;
    const active = this.gate(window);
    const probabilities = active ? await this.predict(window) : this.rest;
    this.result = { state: active ? "active" : "rest", probabilities };
    const event = this.trigger.update(time, probabilities);
    if (event && event.label !== this.info.idleEvent) this.sentence = [...this.sentence, event.label].slice(-SENTENCE);
    return { ...this.result, event };
  }

  /** The index of the label above the threshold, or -1. */
  get candidate() {
    return this.result.probabilities ? this.trigger.candidateOf(this.result.probabilities) : -1;
  }

  /**
   * `minConsecutive` counts predictions at the bundle's rate. A browser without a GPU makes four per second: it needs as
   * many as it makes in the same time, but never more than the bundle says.
   *
   * @param {number} time
   */
  adaptToRate(time) {
    const interval = time - this.lastSample;
    this.lastSample = time;
    if (!(interval > 0 && interval < 2)) return;
    this.interval = this.interval ? 0.8 * this.interval + 0.2 * interval : interval;
    const { minConsecutive, rate } = this.info;
    const predictions = Math.round(minConsecutive / rate / this.interval);
    this.trigger.minConsecutive = Math.min(minConsecutive, Math.max(MIN_CONSECUTIVE, predictions));
  }
}
