// Takes: count down, keep every picture of a second or so, find the keypoints in them afterwards, send them home.

const MOST = 150;

/**
 * @typedef {{action: string, signer: string, session: string, seconds: number, pause: number}} Plan
 * @typedef {{times: number[], samples: Float32Array[], size: [number, number]}} Take
 */

/** Wait `seconds`, telling how many are left; false as soon as `signal` says stop. */
export async function countDown(seconds, signal, tell) {
  const end = performance.now() + seconds * 1000;
  for (let left = seconds; left > 0 && !signal.aborted; left = (end - performance.now()) / 1000) {
    tell(Math.ceil(left));
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, left * 1000)));
  }
  return !signal.aborted;
}

/**
 * One take: all pictures of `seconds`, none dropped, and their samples once they are all there. Null if it was stopped.
 *
 * @param {import("./camera.js").Camera} camera
 * @param {(picture: ImageBitmap) => Promise<Float32Array>} sense
 * @param {(share: number, what: string) => void} tell
 * @returns {Promise<Take | null>}
 */
export async function record(camera, sense, seconds, signal, tell) {
  const pictures = [];
  const drop = () => {
    for (const { picture } of pictures) picture.close();
    return null;
  };
  while (pictures.length < MOST) {
    const time = await camera.tick();
    if (time === null || signal.aborted) return drop();
    if (pictures.length && time <= pictures.at(-1).time) continue;
    pictures.push({ time, picture: await camera.picture() });
    const done = (time - pictures[0].time) / seconds;
    tell(Math.min(done, 1), "recording");
    if (done >= 1) break;
  }
  const samples = [];
  for (const { picture } of pictures) {
    if (signal.aborted) return drop();
    samples.push(await sense(picture));
    tell(samples.length / pictures.length, "reading");
  }
  return { times: pictures.map(({ time }) => time - pictures[0].time), samples, size: camera.size };
}

/**
 * Save a take through the server; what it says about it.
 *
 * @param {Take} take
 * @returns {Promise<{take: string, count: number, quality: Record<string, number>}>}
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

/** Samples as base64 of float32, little-endian (as every machine with a browser has them). */
export function base64(samples) {
  let text = "";
  for (const sample of samples) {
    const bytes = new Uint8Array(sample.buffer, sample.byteOffset, sample.byteLength);
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}
