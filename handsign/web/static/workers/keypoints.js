// MediaPipe Holistic in a worker: images in, 1662 keypoints out (core/layout.js has their columns).
//
// MediaPipe's solutions are written for a page: they make script tags and canvases. In a worker those are importScripts
// and OffscreenCanvas: the stand-ins for `window` and `document` below suffice. The solution needs a classic worker,
// which cannot import modules: hence the own message handler.

const FOLDER = new URL("../vendor/holistic/", location.href).href;
const FRAME = 1000 / 30;
/** @type {[part: "poseLandmarks" | "faceLandmarks" | "leftHandLandmarks" | "rightHandLandmarks", points: number][]} */
const PARTS = [
  ["poseLandmarks", 33],
  ["faceLandmarks", 468],
  ["leftHandLandmarks", 21],
  ["rightHandLandmarks", 21],
];

class ScriptTag {
  src = "";
  loaded = () => {};

  /**
   * @param {"src"} name
   * @param {string} value
   */
  setAttribute(name, value) {
    this[name] = value;
  }

  /**
   * @param {string} kind
   * @param {() => void} listener
   */
  addEventListener(kind, listener) {
    if (kind === "load") this.loaded = listener;
  }
}

Object.assign(self, {
  window: self,
  document: {
    /** @param {string} tag */
    createElement: (tag) =>
      tag === "canvas" ? Object.assign(new OffscreenCanvas(1, 1), { style: {} }) : new ScriptTag(),
    body: {
      /** @param {unknown} script */
      appendChild(script) {
        if (!(script instanceof ScriptTag)) return;
        importScripts(script.src);
        script.loaded();
      },
    },
    addEventListener() {},
  },
});

importScripts(`${FOLDER}holistic.js`);

// MediaPipe smooths by time. It is given 33.3 ms per frame, whatever the camera's rate, as in Python: all recorded
// landmarks were smoothed like that. The solution reads the time here.
let frameCount = 0;
performance.now = () => frameCount * FRAME;

/** Whether WebGL runs on a GPU: emulated on the CPU it is slower than MediaPipe's own CPU path. */
function hasGpu() {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (!gl) throw new Error("this browser has no WebGL 2, which MediaPipe needs");
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer);
}

/** @type {InstanceType<typeof Holistic>} */
let solution;
/** @type {import("@mediapipe/holistic").Results} */
let results;

/**
 * Load the solution.
 *
 * @param {{cpu: boolean}} options `cpu`: never use the GPU
 */
async function openSolution({ cpu }) {
  const gpu = hasGpu() && !cpu;
  solution = new Holistic({ locateFile: (file) => FOLDER + file });
  solution.setOptions({
    modelComplexity: 1,
    smoothLandmarks: true,
    refineFaceLandmarks: false,
    minDetectionConfidence: 0.5,
    minTrackingConfidence: 0.5,
    useCpuInference: !gpu,
  });
  solution.onResults((found) => {
    results = found;
  });
  await solution.initialize();
  return { gpu, bones: { pose: POSE_CONNECTIONS, face: FACEMESH_CONTOURS, hand: HAND_CONNECTIONS } };
}

/**
 * The keypoints of an image, which is closed.
 *
 * @param {{image: ImageBitmap}} options
 */
async function detect({ image }) {
  frameCount += 1;
  await solution.send({ image: /** @type {any} */ (image) });
  image.close();
  if (results.image instanceof ImageBitmap) results.image.close();
  return { sample: keypoints(results) };
}

/**
 * Landmarks as one sample (1662,): pose 33 x (x, y, z, visibility), face 468 x 3, hands 21 x 3 each; zeros for a part
 * that was not found.
 *
 * @param {import("@mediapipe/holistic").Results} found
 */
function keypoints(found) {
  const row = new Float32Array(1662);
  let at = 0;
  for (const [part, points] of PARTS) {
    const size = part === "poseLandmarks" ? 4 : 3;
    (found[part] ?? []).slice(0, points).forEach(({ x, y, z, visibility = 0 }, i) => {
      row.set([x, y, z, visibility].slice(0, size), at + i * size);
    });
    at += points * size;
  }
  return row;
}

/** @type {Record<string, (options: any) => Promise<object>>} */
const commands = { open: openSolution, detect };
let last = Promise.resolve();
addEventListener("message", ({ data: { id, command, ...options } }) => {
  last = last.then(async () => {
    try {
      postMessage({ id, ...(await commands[command](options)) });
    } catch (error) {
      postMessage({ id, error: String(error instanceof Error ? error.message : error).split("\n")[0] });
    }
  });
});
