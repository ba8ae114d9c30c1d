// MediaPipe Holistic, away from the page: pictures in, 1662 keypoints out (handsign/keypoints.py says what they mean).
//
// MediaPipe's solutions are written for a page: they make script tags and canvases. In a worker those are importScripts
// and OffscreenCanvas, so the stand-ins for `window` and `document` below are all it takes.

/* global Holistic, POSE_CONNECTIONS, HAND_CONNECTIONS, FACEMESH_CONTOURS */

const FOLDER = new URL("../vendor/holistic/", location.href).href;
const FRAME = 1000 / 30;

class ScriptTag {
  setAttribute(name, value) {
    this[name] = value;
  }

  addEventListener(kind, listener) {
    if (kind === "load") this.loaded = listener;
  }
}

self.window = self;
self.document = {
  createElement: (tag) =>
    tag === "canvas" ? Object.assign(new OffscreenCanvas(1, 1), { style: {} }) : new ScriptTag(),
  body: {
    appendChild(script) {
      if (!(script instanceof ScriptTag)) return;
      importScripts(script.src);
      script.loaded();
    },
  },
  addEventListener() {},
};

importScripts(`${FOLDER}holistic.js`);

// As handsign/holistic.py: every frame lasts 33.3 ms for MediaPipe's smoothing, whatever the camera's rate, because all
// recorded landmarks were smoothed like that. The solution takes its times from here.
let frames = 0;
performance.now = () => frames * FRAME;

/** Whether a GPU is behind WebGL: a CPU that plays one is slower than MediaPipe on the CPU. */
function hasGpu() {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (!gl) throw new Error("this browser has no WebGL 2, which MediaPipe needs");
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer);
}

let solution;
let results;

/** `cpu`: never on the GPU, where it is known not to work. */
async function open({ cpu }) {
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
  solution.onResults((found) => (results = found));
  await solution.initialize();
  const strokes = { pose: POSE_CONNECTIONS, face: FACEMESH_CONTOURS, hand: HAND_CONNECTIONS };
  return { gpu, strokes };
}

async function see({ picture }) {
  frames += 1;
  await solution.send({ image: picture });
  picture.close();
  results.image.close?.();
  return { sample: keypoints(results) };
}

/** Landmarks as one row: pose 33 x (x, y, z, visibility), face 468 x 3, hands 21 x 3 each; zeros for what is missing. */
function keypoints(found) {
  const row = new Float32Array(1662);
  let at = 0;
  const put = (landmarks, points, fields) => {
    (landmarks ?? []).slice(0, points).forEach((landmark, i) => {
      fields.forEach((field, j) => (row[at + i * fields.length + j] = landmark[field]));
    });
    at += points * fields.length;
  };
  put(found.poseLandmarks, 33, ["x", "y", "z", "visibility"]);
  put(found.faceLandmarks, 468, ["x", "y", "z"]);
  put(found.leftHandLandmarks, 21, ["x", "y", "z"]);
  put(found.rightHandLandmarks, 21, ["x", "y", "z"]);
  return row;
}

const commands = { open, see };
let last = Promise.resolve();
addEventListener("message", ({ data: { id, command, ...told } }) => {
  last = last.then(async () => {
    try {
      const result = await commands[command](told);
      postMessage({ id, ...result }, result.sample ? [result.sample.buffer] : []);
    } catch (error) {
      postMessage({ id, error: String(error?.message ?? error).split("\n")[0] });
    }
  });
});
