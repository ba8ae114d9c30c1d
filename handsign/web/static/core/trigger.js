// Probabilities over time become events, one a gesture: session.Trigger, the same events (tests/test_web_core.py).

const REST = new Set(["nothing", "rest", "none", "other", "-"]);

/** Whether a label means that nothing is being done (goals.is_rest). */
export const isRest = (label) => REST.has(label.toLowerCase());

/**
 * @typedef {{t: number, label: string, probability: number}} Event
 * @typedef {{threshold: number, hold: number, rearm: number, release: number, quiet?: number | null,
 *   stand?: string}} Levels see bundle.BundleInfo
 */

export class Trigger {
  /**
   * @param {string[]} labels
   * @param {Levels} levels
   */
  constructor(labels, { threshold, hold, rearm, release, quiet = null, stand = "" }) {
    Object.assign(this, { labels, hold, rearm, quiet, stand });
    this.threshold = Math.max(threshold, 1e-6);
    this.release = Math.min(Math.max(release, 1e-6), this.threshold);
    this.rest = labels.map(isRest);
    this.stands = true;
    this.leader = -1;
    this.looks = 0;
    this.last = -1;
    this.seen = -Infinity;
  }

  /**
   * The probabilities at `t` seconds; an event if they complete one.
   *
   * @returns {Event | null}
   */
  see(t, probabilities) {
    const leader = this.leads(probabilities);
    this.looks = leader === this.leader ? this.looks + 1 : 1;
    this.leader = leader;
    if (this.last >= 0 && probabilities[this.last] >= this.release) {
      this.seen = t;
    } else if (t - this.seen >= this.rearm) {
      this.last = -1;
    }
    if (this.looks < this.hold || (leader >= 0 && leader === this.last)) return null;
    if (leader < 0) return this.standing(t, probabilities);
    this.last = leader;
    this.seen = t;
    this.stands = false;
    return { t, label: this.labels[leader], probability: probabilities[leader] };
  }

  /** The number of the label that is clearly shown, if any and not rest; else -1. */
  leads(probabilities) {
    const others = Array.from(probabilities, (value, i) => (this.rest[i] ? 0 : value));
    const best = others.indexOf(Math.max(...others));
    const rest = Math.max(0, ...Array.from(probabilities).filter((_, i) => this.rest[i]));
    const keptBack = this.quiet === null ? rest > others[best] : rest >= this.quiet;
    return others[best] >= this.threshold && !keptBack ? best : -1;
  }

  standing(t, probabilities) {
    if (this.stands || !this.stand || this.seen === t) return null;
    this.stands = true;
    const probability = Array.from(probabilities).reduce((sum, value, i) => sum + (this.rest[i] ? value : 0), 0);
    return { t, label: this.stand, probability };
  }
}
