// Samples in; what a model says about the window they fill out. The same as session.Recognising.

import { isRest, Trigger } from "./trigger.js";
import { Recent } from "./windows.js";

/** The sentence holds this many signs. */
const SENTENCE = 5;
/** Looks that an event needs at least, however slow the machine. */
const FEWEST = 2;

export class Recogniser {
  /**
   * @param {import("./onnx.js").Info} info
   * @param {(window: Float32Array) => Promise<Float32Array>} predict probabilities of a window
   * @param {(window: Float32Array) => boolean} gate whether anything could be going on in it
   * @param {[number, number][]} groups
   */
  constructor(info, predict, gate, groups) {
    this.info = info;
    this.predict = predict;
    this.gate = gate;
    this.groups = groups;
    this.recent = new Recent(info.window, info.rate);
    this.trigger = new Trigger(info.labels, info);
    this.rest = Float32Array.from(info.labels, (label) => Number(isRest(label)));
    /** @type {string[]} */
    this.sentence = [];
    this.previous = -Infinity;
    this.pace = 0;
    this.looked = -Infinity;
    /** @type {{state: string, scores: Float32Array | null}} */
    this.found = { state: "filling", scores: null };
  }

  /**
   * The next sample; `event` is what it completes, `scores` are null until the window is full.
   *
   * @returns {Promise<{state: string, scores: Float32Array | null, event: import("./trigger.js").Event | null}>}
   */
  async see(time, sample) {
    this.keepPace(time);
    const window = this.recent.add(time, sample, this.groups);
    const soon = time - this.looked;
    if (!window) this.found = { state: "filling", scores: null };
    else if (!(soon >= 0 && soon < (this.info.every ?? 0) - 1e-3)) return this.look(time, window);
    return { ...this.found, event: null };
  }

  async look(time, window) {
    this.looked = time;
    const active = this.gate(window);
    const scores = active ? await this.predict(window) : this.rest;
    this.found = { state: active ? "watching" : "rest", scores };
    const event = this.trigger.see(time, scores);
    if (event && event.label !== this.info.stand) this.sentence = [...this.sentence, event.label].slice(-SENTENCE);
    return { ...this.found, event };
  }

  /** The number of the label that is clearly shown, or -1. */
  get leader() {
    return this.found.scores ? this.trigger.leads(this.found.scores) : -1;
  }

  /**
   * `hold` counts looks at the bundle's rate. A browser without a GPU looks four times a second: as many looks as come
   * in the same time are asked for then, but never more than the bundle says.
   */
  keepPace(time) {
    const gap = time - this.previous;
    this.previous = time;
    if (!(gap > 0 && gap < 2)) return;
    this.pace = this.pace ? 0.8 * this.pace + 0.2 * gap : gap;
    const looks = Math.round(this.info.hold / this.info.rate / this.pace);
    this.trigger.hold = Math.min(this.info.hold, Math.max(FEWEST, looks));
  }
}
