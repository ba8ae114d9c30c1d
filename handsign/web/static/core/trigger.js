// Probabilities over time become events, one per gesture: `Trigger` in Python, with the same events.

const REST = new Set(["nothing", "rest", "none", "other", "-"]);

/**
 * Whether a label stands for rest: `is_rest` in Python.
 *
 * @param {string} label
 */
export const isRest = (label) => REST.has(label.toLowerCase());

/**
 * @typedef {{t: number, label: string, probability: number}} Event `t` in seconds
 * @typedef {Pick<import("./info.js").Info,
 *   "threshold" | "minConsecutive" | "refractory" | "release" | "restThreshold" | "idleEvent">} TriggerConfig
 */

export class Trigger {
  /**
   * @param {string[]} labels
   * @param {TriggerConfig} config
   */
  constructor(labels, config) {
    this.labels = labels;
    this.minConsecutive = config.minConsecutive;
    this.refractory = config.refractory;
    this.restThreshold = config.restThreshold;
    this.idleEvent = config.idleEvent;
    this.threshold = Math.max(config.threshold, 1e-6);
    this.release = Math.min(Math.max(config.release, 1e-6), this.threshold);
    this.rest = labels.map(isRest);
    /** Whether the last gesture has ended with an idle event. */
    this.idle = true;
    /** Index of the last prediction's candidate, and for how many predictions it has been one. */
    this.candidate = -1;
    this.consecutive = 0;
    /** Index of the label of the last event, -1 once it may be an event again, and when it was last shown. */
    this.last = -1;
    this.lastShown = -Infinity;
  }

  /**
   * Take in a prediction.
   *
   * @param {number} t seconds
   * @param {Float32Array} probabilities (labels,)
   * @returns {Event | null} the event that the prediction completes
   */
  update(t, probabilities) {
    const candidate = this.candidateOf(probabilities);
    this.consecutive = candidate === this.candidate ? this.consecutive + 1 : 1;
    this.candidate = candidate;
    if (this.last >= 0 && probabilities[this.last] >= this.release) {
      this.lastShown = t;
    } else if (t - this.lastShown >= this.refractory) {
      this.last = -1;
    }
    if (this.consecutive < this.minConsecutive || (candidate >= 0 && candidate === this.last)) return null;
    if (candidate < 0) return this.idleAt(t, probabilities);
    this.last = candidate;
    this.lastShown = t;
    this.idle = false;
    return { t, label: this.labels[candidate], probability: probabilities[candidate] };
  }

  /**
   * The index of the label above the threshold, -1 if there is none or rest suppresses it.
   *
   * @param {Float32Array} probabilities (labels,)
   */
  candidateOf(probabilities) {
    const others = Array.from(probabilities, (value, i) => (this.rest[i] ? 0 : value));
    const best = others.indexOf(Math.max(...others));
    const rest = Math.max(0, ...Array.from(probabilities).filter((_, i) => this.rest[i]));
    const suppressed = this.restThreshold === null ? rest > others[best] : rest >= this.restThreshold;
    return others[best] >= this.threshold && !suppressed ? best : -1;
  }

  /**
   * The idle event, once after each gesture.
   *
   * @param {number} t
   * @param {Float32Array} probabilities
   * @returns {Event | null}
   */
  idleAt(t, probabilities) {
    if (this.idle || !this.idleEvent || this.lastShown === t) return null;
    this.idle = true;
    const probability = Array.from(probabilities).reduce((sum, value, i) => sum + (this.rest[i] ? value : 0), 0);
    return { t, label: this.idleEvent, probability };
  }
}
