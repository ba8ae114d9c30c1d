// Takes: count down, keep every image of a second or so, turn them into samples afterwards, send those to the server.

/** Images of a take at most. */
const MOST = 150;

/**
 * @typedef {object} Plan
 * @property {string} action label of the takes
 * @property {string} signer
 * @property {string} session recording session: when it began
 * @property {number} seconds of a take
 * @property {number} pause seconds before each take
 */

/**
 * @typedef {{times: number[], samples: Float32Array[], size: [number, number]}} Take `times` in seconds from the first
 *   image, `size` of the images in pixels
 * @typedef {"recording" | "processing"} Phase
 */

/**
 * Wait.
 *
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @param {(left: number) => void} onTick called with the whole seconds that are left
 * @returns {Promise<boolean>} false if it was aborted
 */
export async function countDown(seconds, signal, onTick) {
  const end = performance.now() + seconds * 1000;
  for (let left = seconds; left > 0 && !signal.aborted; left = (end - performance.now()) / 1000) {
    onTick(Math.ceil(left));
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, left * 1000)));
  }
  return !signal.aborted;
}

/**
 * Record a take: all images of `seconds`, none dropped, and their samples when the last one is there.
 *
 * @param {Pick<import("./camera.js").Camera, "tick" | "image" | "size">} camera
 * @param {(image: ImageBitmap) => Promise<Float32Array>} toSample closes the image
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @param {(share: number, phase: Phase) => void} onProgress called with the share in 0..1 of a phase that is done
 * @returns {Promise<Take | null>} null if it was aborted
 */
export async function record(camera, toSample, seconds, signal, onProgress) {
  /** @type {{time: number, image: ImageBitmap}[]} */
  const images = [];
  const discard = () => {
    for (const { image } of images) image.close();
    return null;
  };
  while (images.length < MOST) {
    const time = await camera.tick();
    if (time === null || signal.aborted) return discard();
    if (time <= (images.at(-1)?.time ?? -Infinity)) continue;
    images.push({ time, image: await camera.image() });
    const share = (time - images[0].time) / seconds;
    onProgress(Math.min(share, 1), "recording");
    if (share >= 1) break;
  }
  const samples = [];
  for (const { image } of images) {
    if (signal.aborted) return discard();
    samples.push(await toSample(image));
    onProgress(samples.length / images.length, "processing");
  }
  return { times: images.map(({ time }) => time - images[0].time), samples, size: camera.size };
}

/** @typedef {{take: string, count: number, quality: Record<string, number>}} Saved name of the take, takes of its label
 *    and signer, shares of its frames in which something was found */

/**
 * Save a take through the server.
 *
 * @param {Take} take
 * @param {Plan} plan
 * @param {string} extractor
 * @returns {Promise<Saved>}
 * @throws {Error} the server refused it
 */
export async function send(take, { action, signer, session }, extractor) {
  const body = JSON.stringify({
    action,
    signer,
    session,
    extractor,
    frame_size: take.size,
    times: take.times,
    samples: base64(take.samples),
  });
  const response = await fetch("takes", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/**
 * Samples as base64 of float32, little-endian (as on every machine with a browser).
 *
 * @param {Float32Array[]} samples
 */
export function base64(samples) {
  let text = "";
  for (const sample of samples) {
    const bytes = new Uint8Array(sample.buffer, sample.byteOffset, sample.byteLength);
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}
