// The camera image: camera on and off, the overlay, the frame rate, and what to do when there is no image.

import { Camera, explain } from "../core/camera.js";
import { context2d, part } from "../core/dom.js";
import { drawLandmarks } from "../core/draw.js";

/** Delay in seconds from which landmarks are drawn on the image that they were found in, not on the current one. */
const SLOW = 0.1;

export class StageView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.overlay = part(root, "overlay", HTMLCanvasElement);
    this.message = part(root, "message", HTMLElement);
    this.start = part(root, "start", HTMLElement);
    this.stop = part(root, "stop", HTMLElement);
    this.cameras = part(root, "cameras", HTMLSelectElement);
    this.mirror = part(root, "mirror", HTMLInputElement);
    this.pace = part(root, "pace", HTMLElement);
    this.hint = part(root, "hint", HTMLElement);
    this.frame = part(root, "frame", HTMLElement);
    this.camera = new Camera(part(root, "video", HTMLVideoElement));
    this.camera.onEnd = () => this.closed("The camera went away. Plug it in, then start it again.");
    this.timing = new Timing();
    this.back = context2d(new OffscreenCanvas(1, 1));
    /** @type {Float32Array | null} the last forecast */
    this.forecast = null;
    this.start.addEventListener("click", () => this.open());
    this.stop.addEventListener("click", () => this.close());
    this.cameras.addEventListener("change", () => this.camera.on && this.open());
    this.mirror.addEventListener("change", () => this.turn());
    /** @type {() => void} called when the camera is open */
    this.onOpen = () => {};
  }

  async open() {
    this.say("Opening the camera …");
    try {
      await this.camera.open(this.cameras.value);
    } catch (error) {
      this.closed(explain(/** @type {Error} */ (error)), true);
      return;
    }
    this.root.classList.add("live");
    this.stop.hidden = false;
    this.message.textContent = "";
    await this.list();
    this.turn();
    this.onOpen();
  }

  close() {
    this.camera.close();
    this.closed("The camera is off.");
  }

  /**
   * Show that there is no camera image.
   *
   * @param {string} why
   * @param {boolean} problem
   */
  closed(why, problem = false) {
    const focused = document.activeElement === this.stop;
    this.root.classList.remove("live");
    this.stop.hidden = true;
    this.pace.textContent = "";
    this.wipe();
    this.turn();
    this.say(why, problem);
    if (focused) this.start.focus();
  }

  /**
   * @param {string} message
   * @param {boolean} problem
   */
  say(message, problem = false) {
    this.message.textContent = message;
    this.message.classList.toggle("problem", problem);
  }

  /** List the cameras, if there is a choice. */
  async list() {
    const chosen = this.cameras.value;
    const devices = await this.camera.devices();
    this.cameras.replaceChildren(...devices.map(({ id, label }) => new Option(label, id, false, id === chosen)));
    if (this.cameras.parentElement) this.cameras.parentElement.hidden = devices.length < 2;
  }

  get mirrored() {
    return this.camera.on && this.mirror.checked;
  }

  turn() {
    this.frame.classList.toggle("mirrored", this.mirrored);
  }

  wipe() {
    const [width, height] = this.camera.on ? this.camera.size : [640, 480];
    if (this.overlay.width !== width) this.overlay.width = width;
    if (this.overlay.height !== height) this.overlay.height = height;
    const pen = context2d(this.overlay);
    pen.clearRect(0, 0, width, height);
    return pen;
  }

  /**
   * Keep a copy of an image that goes to the sensor, to draw its landmarks on where that is slow.
   *
   * @param {ImageBitmap} image
   */
  keep(image) {
    Object.assign(this.back.canvas, { width: image.width, height: image.height });
    this.back.drawImage(image, 0, 0);
  }

  /**
   * Draw a result.
   *
   * @param {import("../core/watcher.js").Result} result
   * @param {number | null} time of the image, in seconds; null without one
   * @param {import("../core/task.js").PageTask | null} task
   * @param {import("../core/keypoints.js").Bones | null} bones
   */
  show({ keypoints, context, forecast }, time, task, bones) {
    const pen = this.wipe();
    if (keypoints && bones) {
      if (this.timing.delay > SLOW) pen.drawImage(this.back.canvas, 0, 0);
      drawLandmarks(pen, keypoints, bones);
    }
    if (context && task?.draw) {
      this.forecast = forecast ?? this.forecast;
      task.draw(pen, context, this.forecast);
    }
    if (time !== null) this.timing.add(time, performance.now() / 1000);
  }

  /**
   * Show the frame rate and the delay, and `more`.
   *
   * @param {string[]} more
   */
  showTiming(more) {
    this.pace.textContent = [this.timing, ...more].join(" · ");
  }
}

/** The frame rate over the last 30 frames, and the median delay from when an image is taken to when it is shown. */
class Timing {
  /** @type {number[]} */
  ends = [];
  /** @type {number[]} */
  delays = [];

  /**
   * @param {number} taken seconds
   * @param {number} shown seconds
   */
  add(taken, shown) {
    this.ends = [...this.ends, shown].slice(-30).filter((end) => shown - end < 5);
    this.delays = [...this.delays, shown - taken].slice(-60);
  }

  /** In seconds. */
  get delay() {
    return [...this.delays].sort((a, b) => a - b)[this.delays.length >> 1] ?? 0;
  }

  toString() {
    const elapsed = (this.ends.at(-1) ?? 0) - (this.ends[0] ?? 0);
    const rate = elapsed > 0 ? (this.ends.length - 1) / elapsed : 0;
    return `${rate.toFixed(1)} frames a second · ${Math.round(1000 * this.delay)} ms behind`;
  }
}
