// Camera images become samples, as the sensor of a task in Python makes them.

import { ImageSampler } from "./image.js";

/**
 * @typedef {(image: ImageBitmap) => Promise<{sample: Float32Array, keypoints: Float32Array | null}>} Sensor takes an
 *   image (and closes it); `keypoints` (1662,) are null if it does not look for them
 */

/**
 * @param {import("./task.js").PageTask | null} task null: keypoints
 * @param {number[]} shape of a sample
 * @param {import("./keypoints.js").Keypoints} keypoints
 * @returns {Sensor}
 */
export function openSensor(task, shape, keypoints) {
  if (task?.sensor === "image") {
    const sampler = new ImageSampler(shape, task.image);
    return async (image) => ({ sample: sampler.sample(image), keypoints: null });
  }
  return async (image) => {
    const found = await keypoints.sample(image);
    return { sample: task?.adapt ? task.adapt(found) : found, keypoints: found };
  };
}
