// ONNX Runtime Web, away from the page: every model that was opened, by its address. One thread, which is the fastest
// for one window at a time and needs no SharedArrayBuffer.

import * as ort from "../vendor/onnxruntime/ort.wasm.bundle.min.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("../vendor/onnxruntime/ort-wasm-simd-threaded.wasm", import.meta.url).href };

const sessions = new Map();

const commands = {
  async open({ name, file }) {
    if (!sessions.has(name)) {
      sessions.set(name, await ort.InferenceSession.create(new Uint8Array(file), { executionProviders: ["wasm"] }));
    }
    const { shape } = sessions.get(name).inputMetadata[0];
    const known = (side) => side > 0 && side < 2 ** 31; // of any size: a name, or -1 taken for an unsigned number
    return { shape: shape.map((side) => (known(side) ? side : null)) };
  },

  /** One answer to one window. */
  async run({ name, window, shape }) {
    return { answer: await ask(sessions.get(name), window, shape) };
  },

  /** `steps` samples that follow a window, each asked for with those before it in place (windows.rollout). */
  async ahead({ name, window, shape, size, steps }) {
    const seen = window.slice();
    const ahead = new Float32Array(steps * size);
    for (let step = 0; step < steps; step++) {
      const answer = await ask(sessions.get(name), seen.slice(), shape);
      const next = answer.subarray(answer.length - size); // some answer for every sample of the window; the last counts
      ahead.set(next, step * size);
      seen.copyWithin(0, size);
      seen.set(next, seen.length - size);
    }
    return { answer: ahead };
  },
};

async function ask(session, window, shape) {
  const [input, output] = [session.inputNames[0], session.outputNames[0]];
  const found = await session.run({ [input]: new ort.Tensor("float32", window, shape) });
  return found[output].data;
}

let last = Promise.resolve();
addEventListener("message", ({ data: { id, command, ...told } }) => {
  last = last.then(async () => {
    const started = performance.now();
    try {
      const result = await commands[command](told);
      postMessage({ id, ...result, took: performance.now() - started });
    } catch (error) {
      postMessage({ id, error: String(error?.message ?? error).split("\n")[0] });
    }
  });
});
