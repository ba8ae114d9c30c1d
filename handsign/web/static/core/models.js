// The models that are served; their sessions are opened in a worker.

import { Calls } from "./calls.js";
import { toInfo } from "./info.js";
import { readMetadata } from "./onnx.js";
import { loadTask } from "./task.js";

/**
 * @typedef {object} Model
 * @property {string} name
 * @property {import("./info.js").Info} info
 * @property {import("./task.js").PageTask} task
 * @property {number} milliseconds that the last answer took in the worker; 0 before
 * @property {(window: Float32Array) => Promise<Float32Array>} predict window (window * size,) -> probabilities (labels,)
 * @property {(window: Float32Array, steps: number) => Promise<Float32Array>} rollout window -> the samples that follow,
 *   (steps * size,)
 */

/**
 * @typedef {object} Records the takes that the server saves
 * @property {string} name of their task
 * @property {import("./task.js").PageTask | null} task
 * @property {string[]} actions labels to offer
 * @property {number[]} sample shape of a sample
 */

/**
 * site.json.
 *
 * @typedef {object} Manifest
 * @property {string[]} models addresses of the bundles
 * @property {Record<string, unknown>} changes of the first one's metadata
 * @property {string[]} tasks names of the modules in tasks/
 * @property {{task: string, actions: string[], sample: number[]} | null} records null: takes cannot be saved
 */

export class Models {
  constructor() {
    this.worker = new Calls(new URL("../workers/models.js", import.meta.url), { type: "module" });
  }

  /**
   * Everything that is served. Models of tasks that the page cannot run are left out; `failed` says which could not be
   * read.
   *
   * @returns {Promise<{models: Model[], records: Records | null, failed: string[]}>}
   */
  async list() {
    /** @type {Manifest} */
    const { models: addresses, changes, tasks, records } = await (await fetchFile("site.json")).json();
    const opened = await Promise.allSettled(
      addresses.map((address, i) => this.open(address, i === 0 ? changes : {}, tasks)),
    );
    const failed = opened.flatMap((result, i) =>
      result.status === "rejected" ? [`${addresses[i]} cannot be used: ${result.reason.message}`] : [],
    );
    const models = opened.flatMap((result) => (result.status === "fulfilled" && result.value ? [result.value] : []));
    const own = records && { ...records, name: records.task, task: await loadTask(records, tasks) };
    return { models, records: own, failed };
  }

  /**
   * @param {string} address of a bundle
   * @param {Record<string, unknown>} changes of its metadata
   * @param {string[]} tasks names of the modules in tasks/
   * @returns {Promise<Model | null>} null if the page cannot run its task
   */
  async open(address, changes, tasks) {
    const file = await (await fetchFile(address)).arrayBuffer();
    const info = toInfo(readMetadata(file), changes);
    const task = await loadTask(info, tasks);
    if (!task) return null;
    const opened = this.worker.call("open", { name: address, file }); // answers come in order: no need to wait
    opened.catch(() => {}); // reported by the first call
    const size = info.sample.reduce((a, b) => a * b, 1);
    /** @type {(command: string, options: object) => Promise<Float32Array>} */
    const ask = async (command, options) => {
      const shape = inputShape((await opened).shape, info);
      const { answer, milliseconds } = await this.worker.call(command, { name: address, shape, ...options });
      model.milliseconds = milliseconds;
      return answer;
    };
    /** @type {Model} */
    const model = {
      name: address.replace(/^.*\/|\.onnx$/g, ""),
      info,
      task,
      milliseconds: 0,
      predict: (window) => ask("predict", { window }),
      rollout: (window, steps) => ask("rollout", { window, size, steps }),
    };
    return model;
  }
}

/**
 * The shape (1, ...) of a network's input: its own, with the bundle's window where any number of samples will do.
 *
 * @param {(number | null)[]} own null for an axis of any size
 * @param {import("./info.js").Info} info
 * @returns {number[]}
 */
export function inputShape(own, info) {
  return own.map((side, axis) => (axis === 0 ? 1 : (side ?? (axis === 1 ? info.window : info.sample[axis - 2]))));
}

/** @param {string} address */
async function fetchFile(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} could not be fetched (${response.status})`);
  return response;
}
