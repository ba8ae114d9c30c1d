// Recording takes with the camera of this machine; the server saves them.

import { element, part } from "../core/dom.js";
import { Keypoints } from "../core/keypoints.js";
import { countDown, record, send } from "../core/recording.js";
import { openSensor } from "../core/sensor.js";
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
    this.sensor = openSensor(null, [], keypoints);
    this.extractor = Keypoints.name;
    this.form = element(root, "form", HTMLFormElement);
    this.action = element(root, "input[name=action]", HTMLInputElement);
    this.nowhere = part(root, "nowhere", HTMLElement);
    this.status = part(root, "status", HTMLElement);
    this.saved = part(root, "saved", HTMLElement);
    this.total = part(root, "total", HTMLElement);
    this.count = part(document, "count", HTMLElement);
    this.light = part(document, "light", HTMLElement);
    this.progress = element(root, "progress", HTMLProgressElement);
    this.session = new Date().toISOString().slice(0, 19);
    /** @type {AbortController | null} */
    this.running = null;
    /** Whether the camera's images belong to a take now. */
    this.taking = false;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    part(root, "halt", HTMLElement).addEventListener("click", () => this.running?.abort());
  }

  /**
   * Offer to record, if the server saves takes whose samples are what a sensor gives as it is.
   *
   * @param {import("../core/models.js").Records | null} records
   * @param {string[]} labels of the models of their task
   */
  offer(records, labels) {
    const task = records?.task ?? null;
    const possible = task !== null && !task.adapt;
    this.sensor = openSensor(task, records?.sample ?? [], this.keypoints);
    this.extractor = task?.sensor === "image" ? "browser" : Keypoints.name;
    this.form.hidden = !possible;
    this.nowhere.hidden = possible;
    const names = [...new Set([...labels, ...(records?.actions ?? [])])];
    if (names.length) this.action.value = names.find((name) => !isRest(name)) ?? names[0];
    element(this.root, "datalist", HTMLDataListElement).replaceChildren(...names.map((name) => new Option(name)));
  }

  async run() {
    if (this.running) return;
    if (!this.stage.camera.on) await this.stage.open();
    if (!this.stage.camera.on) return;
    const fields = new FormData(this.form);
    const plan = {
      action: String(fields.get("action")).trim(),
      signer: String(fields.get("signer")).trim(),
      session: this.session,
      seconds: Number(fields.get("seconds")),
      pause: Number(fields.get("pause")),
    };
    this.running = new AbortController();
    this.root.classList.add("recording");
    try {
      await this.takes(plan, Number(fields.get("takes")), this.running.signal);
    } catch (error) {
      this.status.textContent = `Not saved: ${/** @type {Error} */ (error).message}`;
    } finally {
      this.running = null;
      this.root.classList.remove("recording");
      this.show("", 0, false);
    }
  }

  /**
   * @param {import("../core/recording.js").Plan} plan
   * @param {number} count
   * @param {AbortSignal} signal
   */
  async takes(plan, count, signal) {
    for (let i = 1; i <= count; i++) {
      this.status.textContent = `${plan.action}: take ${i} of ${count}. Get ready.`;
      if (!(await countDown(plan.pause, signal, (left) => this.show(String(left), 0, false)))) break;
      const take = await this.take(plan.seconds, signal);
      if (!take) break;
      this.list(await send(take, plan, this.extractor), take.times.length);
    }
    this.status.textContent = signal.aborted ? "Stopped. The saved takes are kept." : "Done.";
  }

  /**
   * @param {number} seconds
   * @param {AbortSignal} signal
   */
  async take(seconds, signal) {
    this.taking = true;
    try {
      return await record(
        this.stage.camera,
        async (image) => (await this.sensor(image)).sample,
        seconds,
        signal,
        (share, phase) => this.show("", share, phase === "recording"),
      );
    } finally {
      this.taking = false;
    }
  }

  /**
   * @param {string} left seconds of the pause
   * @param {number} share of the take that is done
   * @param {boolean} on whether it is being recorded
   */
  show(left, share, on) {
    this.count.textContent = left;
    this.light.hidden = !on;
    this.progress.value = share;
  }

  /**
   * List a saved take.
   *
   * @param {import("../core/recording.js").Saved} saved
   * @param {number} frames
   */
  list({ take, count, quality }, frames) {
    const shares = Object.entries(quality).map(([what, share]) => `${what} ${Math.round(100 * share)} %`);
    const item = document.createElement("li");
    item.textContent = [take, `${frames} frames`, ...shares].join(" · ");
    const missing = Object.entries(quality).find(([, share]) => share === 0);
    if (missing) {
      item.append(Object.assign(document.createElement("strong"), { textContent: ` no ${missing[0]} was found` }));
    }
    this.saved.prepend(item);
    this.total.textContent = `${count} there now`;
  }
}
