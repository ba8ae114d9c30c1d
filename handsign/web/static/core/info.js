// The metadata of a bundle (`BundleInfo` in Python) under the names that the page uses.

/** Format 1 has the fields of the trigger beside the others, under the short names; 2 has them in `trigger`. */
const FORMATS = [1, 2];

/**
 * @typedef {object} Info
 * @property {string} task
 * @property {string[]} labels
 * @property {number} window samples that a prediction takes
 * @property {number} rate samples per second in a window
 * @property {number[]} sample shape of a sample
 * @property {import("./layout.js").Part[]} layout its columns; empty if it has none
 * @property {number} threshold probability that an event needs
 * @property {number} minConsecutive consecutive predictions that an event needs
 * @property {number} refractory seconds below `release` after which the same label can be an event again
 * @property {number} release probability down to which a recognised label counts as still shown
 * @property {number | null} restThreshold probability of rest that suppresses events; null: any that exceeds the others
 * @property {string} idleEvent label of the event that is emitted when a gesture ends; empty for none
 * @property {number} minInterval minimum seconds between two predictions
 * @property {number[][]} predictionIntervals of a forecast: levels x steps
 * @property {number} format
 * @property {boolean} [gate] false: predict whether or not the task's gate is open
 */

/** Names in metadata. Bundles of format 1 have the short ones. */
const NAMES = new Map([
  ["min_consecutive", "minConsecutive"],
  ["hold", "minConsecutive"],
  ["rearm", "refractory"],
  ["rest_threshold", "restThreshold"],
  ["quiet", "restThreshold"],
  ["idle_event", "idleEvent"],
  ["stand", "idleEvent"],
  ["min_interval", "minInterval"],
  ["every", "minInterval"],
  ["prediction_intervals", "predictionIntervals"],
  ["fan", "predictionIntervals"],
]);
/** Of fields that older bundles lack. */
const DEFAULTS = { layout: [], restThreshold: null, idleEvent: "", minInterval: 0, predictionIntervals: [] };

/**
 * @param {Record<string, unknown>} metadata of a bundle, in either spelling
 * @param {Record<string, unknown>} [overrides] fields that replace those of `metadata`, in either spelling
 * @returns {Info}
 * @throws {Error} the format is not supported
 */
export function toInfo(metadata, overrides = {}) {
  if (!FORMATS.includes(Number(metadata.format)))
    throw new Error(`it has format ${metadata.format}, this page reads ${FORMATS.join(" and ")}`);
  return { ...DEFAULTS, .../** @type {Info} */ ({ ...renamed(metadata), ...renamed(overrides) }) };
}

/**
 * @param {Record<string, unknown>} fields
 * @returns {Record<string, unknown>}
 */
function renamed({ trigger = {}, ...fields }) {
  const all = { ...fields, .../** @type {Record<string, unknown>} */ (trigger) };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [NAMES.get(name) ?? name, value]));
}
