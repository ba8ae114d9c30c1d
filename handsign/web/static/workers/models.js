// ONNX Runtime Web in a worker: one runtime session per bundle, by its address. A single thread is fastest for one
// window at a time and needs no SharedArrayBuffer.

import { serve } from "./serve.js";

const FOLDER = new URL("../vendor/onnxruntime/", import.meta.url).href;

/** @typedef {typeof import("onnxruntime-web")} Ort */

/** @type {Promise<Ort>} */
const loaded = import(`${FOLDER}ort.wasm.bundle.min.mjs`).then((/** @type {Ort} */ ort) => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm: `${FOLDER}ort-wasm-simd-threaded.wasm` };
  return ort;
});

/** @type {Map<string, import("onnxruntime-web").InferenceSession>} */
const runtimes = new Map();

/** @typedef {{name: string, window: Float32Array, shape: number[]}} Question a window with the shape of the input */

serve({
  /** @param {{name: string, file: ArrayBuffer}} options */
  async open({ name, file }) {
    const { InferenceSession } = await loaded;
    let runtime = runtimes.get(name);
    if (!runtime) {
      runtime = await InferenceSession.create(new Uint8Array(file), { executionProviders: ["wasm"] });
      runtimes.set(name, runtime);
    }
    const [input] = runtime.inputMetadata;
    const shape = input.isTensor ? input.shape : [];
    // An axis of any size is a name, or -1 that was read as an unsigned number.
    return { shape: shape.map((side) => (typeof side === "number" && side > 0 && side < 2 ** 31 ? side : null)) };
  },

  /**
   * The output of one window.
   *
   * @param {Question} options
   */
  async predict({ name, window, shape }) {
    return { answer: await run(name, window, shape) };
  },

  /**
   * The samples that follow a window, predicted one by one and appended to it: `rollout` in Python.
   *
   * @param {Question & {size: number, steps: number}} options `size`: values of a sample
   */
  async rollout({ name, window, shape, size, steps }) {
    const context = window.slice();
    const forecast = new Float32Array(steps * size);
    for (let step = 0; step < steps; step++) {
      const answer = await run(name, context.slice(), shape);
      const next = answer.subarray(answer.length - size); // some networks answer after every sample: the last one counts
      forecast.set(next, step * size);
      context.copyWithin(0, size);
      context.set(next, context.length - size);
    }
    return { answer: forecast };
  },
});

/**
 * @param {string} name
 * @param {Float32Array} window
 * @param {number[]} shape
 * @returns {Promise<Float32Array>}
 */
async function run(name, window, shape) {
  const runtime = runtimes.get(name);
  if (!runtime) throw new Error(`${name} is not open`);
  const { Tensor } = await loaded;
  const output = await runtime.run({ [runtime.inputNames[0]]: new Tensor("float32", window, shape) });
  return /** @type {Float32Array} */ (output[runtime.outputNames[0]].data);
}
