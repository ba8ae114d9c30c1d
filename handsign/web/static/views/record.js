// Recording takes with the camera of this machine, which the server saves.

import { Keypoints } from "../core/keypoints.js";
import { Shrunk } from "../core/picture.js";
import { countDown, record, send } from "../core/recording.js";
import { TASKS } from "../core/tasks.js";
import { isRest } from "../core/trigger.js";

export class RecordView {
  /**
   * @param {HTMLElement} root
   * @param {import("./stage.js").StageView} stage
   * @param {Keypoints} keypoints
   */
  constructor(root, stage, keypoints) {
    this.root = root;
    this.stage = stage;
    this.keypoints = keypoints;
    this.form = root.querySelector("form");
    this.status = root.querySelector("[data-status]");
    this.saved = root.querySelector("[data-saved]");
    this.count = document.querySelector("[data-count]");
    this.light = document.querySelector("[data-light]");
    this.progress = root.querySelector("progress");
    this.session = new Date().toISOString().slice(0, 19);
    /** @type {AbortController | null} */
    this.running = null;
    /** Whether every picture belongs to a take now. */
    this.taking = false;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    root.querySelector("[data-halt]").addEventListener("click", () => this.running?.abort());
  }

  /**
   * @param {{task: string, actions: string[], sample: number[]} | null} records what the server takes in
   * @param {string[]} labels of the models there are
   */
  offer(records, labels) {
    const row = TASKS[records?.task];
    const possible = row && row.sense !== "point";
    this.shrunk = row?.sense === "picture" ? new Shrunk(records.sample, row) : null;
    this.form.hidden = !possible;
    this.root.querySelector("[data-nowhere]").hidden = possible;
    const names = [...new Set([...labels, ...(records?.actions ?? [])])];
    if (names.length) this.form.elements.action.value = names.find((name) => !isRest(name)) ?? names[0];
    this.root.querySelector("datalist").replaceChildren(...names.map((name) => new Option(name)));
  }

  async run() {
    if (this.running) return;
    if (!this.stage.camera.on) await this.stage.open();
    if (!this.stage.camera.on) return;
    const told = new FormData(this.form);
    const plan = {
      action: String(told.get("action")).trim(),
      signer: String(told.get("signer")).trim(),
      session: this.session,
      seconds: Number(told.get("seconds")),
      pause: Number(told.get("pause")),
    };
    this.running = new AbortController();
    this.root.classList.add("recording");
    try {
      await this.takes(plan, Number(told.get("takes")), this.running.signal);
    } catch (error) {
      this.status.textContent = `Not saved: ${error.message}`;
    } finally {
      this.running = null;
      this.root.classList.remove("recording");
      this.show("", 0, false);
    }
  }

  async takes(plan, count, signal) {
    for (let i = 1; i <= count; i++) {
      const which = `take ${i} of ${count}`;
      this.status.textContent = `${plan.action}: ${which}. Get ready.`;
      if (!(await countDown(plan.pause, signal, (left) => this.show(left, 0, false)))) break;
      const take = await this.take(plan.seconds, signal);
      if (!take) break;
      this.list(await send(take, plan, this.shrunk ? "browser" : Keypoints.name), take);
    }
    this.status.textContent = signal.aborted ? "Stopped. What was saved stays." : "Done.";
  }

  async take(seconds, signal) {
    const sense = (picture) => (this.shrunk ?? this.keypoints).sample(picture);
    const tell = (share, what) => this.show("", share, what === "recording");
    this.taking = true;
    try {
      return await record(this.stage.camera, sense, seconds, signal, tell);
    } finally {
      this.taking = false;
    }
  }

  show(left, share, on) {
    this.count.textContent = String(left);
    this.light.hidden = !on;
    this.progress.value = share;
  }

  list({ take, count, quality }, { times }) {
    const shares = Object.entries(quality).map(([what, share]) => `${what} ${Math.round(100 * share)} %`);
    const item = document.createElement("li");
    item.textContent = [take, `${times.length} frames`, ...shares].join(" · ");
    const poor = Object.entries(quality).find(([, share]) => share === 0);
    if (poor) item.append(Object.assign(document.createElement("strong"), { textContent: ` no ${poor[0]} was seen` }));
    this.saved.prepend(item);
    this.root.querySelector("[data-total]").textContent = `${count} there now`;
  }
}
