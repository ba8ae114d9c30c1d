// Images become keypoints, in a worker that starts with the first image.

import { Calls } from "./calls.js";

const APPLE =
  /iP(hone|ad|od)/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

/** @typedef {Record<"pose" | "face" | "hand", [number, number][]>} Bones pairs of landmarks to connect, of each part */

export class Keypoints {
  constructor() {
    /** @type {Calls | null} */
    this.worker = null;
    /** @type {Promise<{gpu: boolean, bones: Bones}> | null} */
    this.opened = null;
    this.gpu = false;
    /** @type {Bones | null} null until the worker is open */
    this.bones = null;
  }

  /** The extractor that takes are labelled with. */
  static name = "mediapipe-holistic browser 0.5.1675471629";

  /** Load MediaPipe, once. */
  async open() {
    const worker = (this.worker ??= new Calls(new URL("../workers/keypoints.js", import.meta.url)));
    this.opened ??= worker.call("open", { cpu: APPLE }); // their GPUs have half floats only: landmarks are wrong
    Object.assign(this, await this.opened);
    return worker;
  }

  /**
   * @param {ImageBitmap} image which is transferred to the worker
   * @returns {Promise<Float32Array>} (1662,)
   */
  async sample(image) {
    const worker = await this.open();
    return (await worker.call("detect", { image }, [image])).sample;
  }
}
