// Copies what the page needs of its packages into ../handsign/web/static/vendor, with their licences.

import { cpSync, mkdirSync, rmSync } from "node:fs";

const FROM = new URL("node_modules/", import.meta.url);
const TO = new URL("../handsign/web/static/vendor/", import.meta.url);
const FILES = {
  "@mediapipe/holistic": [
    "holistic",
    "../LICENSE", // Apache-2.0, as this project's; the package brings no copy
    "holistic.js",
    "holistic.binarypb",
    "holistic_solution_packed_assets.data",
    "holistic_solution_packed_assets_loader.js",
    "holistic_solution_simd_wasm_bin.js",
    "holistic_solution_simd_wasm_bin.wasm",
    "pose_landmark_full.tflite",
  ],
  "onnxruntime-web/dist": [
    "onnxruntime",
    "onnxruntime-LICENSE.txt",
    "ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm",
  ],
};

rmSync(TO, { recursive: true, force: true });
for (const [where, [folder, licence, ...names]] of Object.entries(FILES)) {
  mkdirSync(new URL(`${folder}/`, TO), { recursive: true });
  for (const name of names) cpSync(new URL(`${where}/${name}`, FROM), new URL(`${folder}/${name}`, TO));
  cpSync(new URL(licence, import.meta.url), new URL(`${folder}/LICENSE.txt`, TO));
}
