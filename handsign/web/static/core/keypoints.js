// Pictures become keypoints, in a worker that is started when the first picture comes.

import { Calls } from "./calls.js";

const APPLE =
  /iP(hone|ad|od)/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

export class Keypoints {
  constructor() {
    this.opened = null;
    this.gpu = false;
    /** @type {Record<"pose" | "face" | "hand", [number, number][]> | null} */
    this.strokes = null;
  }

  /** What the takes say they were made with. */
  static name = "mediapipe-holistic browser 0.5.1675471629";

  async open() {
    this.worker ??= new Calls(new URL("../workers/keypoints.js", import.meta.url));
    this.opened ??= this.worker.call("open", { cpu: APPLE }); // half floats only on their GPUs: MediaPipe gives nonsense
    const { gpu, strokes } = await this.opened;
    Object.assign(this, { gpu, strokes });
  }

  /**
   * @param {ImageBitmap} picture given away
   * @returns {Promise<Float32Array>}
   */
  async sample(picture) {
    await this.open();
    return (await this.worker.call("see", { picture }, [picture])).sample;
  }
}
