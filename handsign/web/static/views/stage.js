// The picture: camera on and off, landmarks over it, how fast it all is, and what to do when there is no picture.

import { Camera, explain } from "../core/camera.js";
import * as draw from "../core/draw.js";

/** Seconds after which landmarks have left what they belong to. */
const SLOW = 0.1;

export class StageView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    const find = (what) => root.querySelector(`[data-${what}]`);
    this.overlay = find("overlay");
    this.message = find("message");
    this.start = find("start");
    this.stop = find("stop");
    this.cameras = find("cameras");
    this.mirror = find("mirror");
    this.pace = find("pace");
    this.hint = find("hint");
    this.frame = find("frame");
    this.camera = new Camera(find("video"));
    this.camera.onEnd = () => this.closed("The camera went away. Plug it in, then start it again.");
    this.frames = new Pace();
    this.back = new OffscreenCanvas(1, 1).getContext("2d");
    this.start.addEventListener("click", () => this.open());
    this.stop.addEventListener("click", () => this.close());
    this.cameras.addEventListener("change", () => this.camera.on && this.open());
    this.mirror.addEventListener("change", () => this.turn());
    /** @type {() => void} called when there are pictures */
    this.onOpen = () => {};
  }

  async open() {
    this.say("Opening the camera …");
    try {
      await this.camera.open(this.cameras.value);
    } catch (error) {
      this.closed(explain(error), true);
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

  say(what, problem = false) {
    this.message.textContent = what;
    this.message.classList.toggle("problem", problem);
  }

  async list() {
    const chosen = this.cameras.value;
    const devices = await this.camera.devices();
    this.cameras.replaceChildren(...devices.map(({ id, label }) => new Option(label, id, false, id === chosen)));
    this.cameras.parentElement.hidden = devices.length < 2;
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
    const pen = this.overlay.getContext("2d");
    pen.clearRect(0, 0, width, height);
    return pen;
  }

  /** Keep a picture that landmarks are looked for in: where that takes long they belong on it, not on a later one. */
  keep(picture) {
    Object.assign(this.back.canvas, { width: picture.width, height: picture.height });
    this.back.drawImage(picture, 0, 0);
  }

  /**
   * Draw what was found in the picture of `time` seconds, and tell the pace.
   *
   * @param {import("../core/watchers.js").Found} found
   */
  show(found, time, strokes) {
    const pen = this.wipe();
    if (found.keypoints && strokes) {
      if (this.frames.delay > SLOW) pen.drawImage(this.back.canvas, 0, 0);
      draw.landmarks(pen, found.keypoints, strokes);
    }
    if (found.seen && found.sample.length === 2) {
      this.ahead = found.ahead ?? this.ahead;
      draw.path(pen, found.seen, this.ahead);
    }
    if (time !== null) this.frames.add(time, performance.now() / 1000);
  }

  /** Tell the pace, and `more`; a few times a second is often enough to be read. */
  tell(more) {
    this.pace.textContent = [this.frames, ...more].join(" · ");
  }
}

/** Frames a second over the last second or so, and the middle delay from a picture's being taken to its being shown. */
class Pace {
  constructor() {
    this.ends = [];
    this.delays = [];
  }

  add(taken, shown) {
    this.ends = [...this.ends, shown].slice(-30).filter((end) => shown - end < 5);
    this.delays = [...this.delays, shown - taken].slice(-60);
  }

  get delay() {
    return [...this.delays].sort((a, b) => a - b)[this.delays.length >> 1] ?? 0;
  }

  toString() {
    const elapsed = this.ends.at(-1) - this.ends[0];
    const rate = elapsed > 0 ? (this.ends.length - 1) / elapsed : 0;
    return `${rate.toFixed(1)} frames a second · ${Math.round(1000 * this.delay)} ms behind`;
  }
}
