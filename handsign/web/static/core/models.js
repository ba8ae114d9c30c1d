// The models that are served, opened when they are first asked for.

import { Calls } from "./calls.js";
import { readInfo } from "./onnx.js";

/**
 * @typedef {object} Model
 * @property {string} name
 * @property {import("./onnx.js").Info} info
 * @property {number} took milliseconds of the last answer, in the worker
 * @property {(window: Float32Array) => Promise<Float32Array>} run
 * @property {(window: Float32Array, steps: number) => Promise<Float32Array>} ahead
 */

export class Models {
  constructor() {
    this.worker = new Calls(new URL("../workers/models.js", import.meta.url), { type: "module" });
  }

  /**
   * What there is: the manifest, and every model with what it says about itself.
   *
   * @returns {Promise<{models: Model[], records: {task: string, actions: string[]} | null, failed: string[]}>}
   */
  async list() {
    const { models, changes, records } = await (await fetched("site.json")).json();
    const opened = await Promise.allSettled(models.map((address, i) => this.read(address, i ? {} : changes)));
    const failed = opened.flatMap((found, i) =>
      found.status === "rejected" ? [`${models[i]} is of no use here: ${found.reason.message}`] : [],
    );
    return { models: opened.flatMap((found) => (found.status === "fulfilled" ? [found.value] : [])), records, failed };
  }

  /** @returns {Promise<Model>} */
  async read(address, changes) {
    const file = await (await fetched(address)).arrayBuffer();
    const info = { ...readInfo(file), ...changes };
    const name = address
      .split("/")
      .at(-1)
      .replace(/\.onnx$/, "");
    const opened = this.worker.call("open", { name: address, file }); // a worker answers in order: no need to wait
    opened.catch(() => {});
    const size = info.sample.reduce((a, b) => a * b, 1);
    const shape = async () => shapeFor((await opened).shape, info);
    const model = { name, info, took: 0, run: null, ahead: null };
    const ask = async (command, told) => {
      const { answer, took } = await this.worker.call(command, { name: address, shape: await shape(), ...told });
      model.took = took;
      return answer;
    };
    model.run = (window) => ask("run", { window });
    model.ahead = (window, steps) => ask("ahead", { window, size, steps });
    return model;
  }
}

/**
 * The shape (1, ...) of what a network takes: its own, with the bundle's window where it takes any number of samples.
 *
 * @param {(number | null)[]} own null where any size will do
 * @param {import("./onnx.js").Info} info
 */
export function shapeFor(own, info) {
  return own.map((side, axis) => (axis === 0 ? 1 : (side ?? (axis === 1 ? info.window : info.sample[axis - 2]))));
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} could not be fetched (${response.status})`);
  return response;
}
