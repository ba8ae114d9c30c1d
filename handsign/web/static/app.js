// The page: the models, the open view, and the loop from the camera to the views.

import { announce, offerHooks } from "./core/actions.js";
import { clone, element, elements } from "./core/dom.js";
import { Keypoints } from "./core/keypoints.js";
import { Models } from "./core/models.js";
import { Watcher } from "./core/watcher.js";
import { AnswerView } from "./views/answer.js";
import { PlayView } from "./views/play.js";
import { RecordView } from "./views/record.js";
import { StageView } from "./views/stage.js";

const VIEWS = ["recognise", "record", "play"];

class Page {
  constructor() {
    /** @param {string} id */
    const find = (id) => element(document, `#${id}`, HTMLElement);
    this.main = element(document, "main", HTMLElement);
    this.models = new Models();
    this.keypoints = new Keypoints();
    this.stage = new StageView(find("stage"));
    this.answer = new AnswerView(find("answer"));
    this.recording = new RecordView(find("record"), this.stage, this.keypoints);
    this.play = new PlayView(find("play"));
    this.notice = find("notice");
    this.choices = find("tasks");
    this.watcher = new Watcher(null, this.keypoints);
    this.stage.onOpen = () => this.watch();
    this.stage.frame.addEventListener("pointermove", (event) => this.onPointer(event));
    window.addEventListener("hashchange", () => this.turn());
    this.turn();
  }

  /** Show the view that the address names. */
  turn() {
    const view = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS[0];
    this.main.dataset.view = view;
    for (const link of elements(document, "nav a")) {
      if (link.getAttribute("href") === `#${view}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  async load() {
    try {
      const { models, records, failed } = await this.models.list();
      const [first = null] = models;
      const none = "There is no model yet: record takes of your labels, then run train.py.";
      this.notify(first ? failed : [...failed, none]);
      this.recording.offer(records, first && first.info.task === records?.name ? first.info.labels : []);
      this.offer(models);
      this.use(first);
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      this.notify([`The models could not be listed: ${message}. Is realtime.py still running?`]);
      this.use(null);
    }
  }

  /** @param {string[]} lines */
  notify(lines) {
    this.notice.textContent = lines.join(" ");
    this.notice.hidden = !lines.length;
  }

  /**
   * A choice for every model: the title of its task, and its name if the task has several.
   *
   * @param {import("./core/models.js").Model[]} models
   */
  offer(models) {
    const choices = models.map((model, i) => {
      const choice = clone("task");
      const { title } = model.task;
      const several = models.filter(({ info }) => info.task === model.info.task).length > 1;
      element(choice, "span", HTMLElement).textContent = several ? `${title}: ${model.name}` : title;
      const radio = element(choice, "input", HTMLInputElement);
      radio.value = model.name;
      radio.checked = i === 0;
      radio.addEventListener("change", () => this.use(model));
      return choice;
    });
    this.choices.append(...choices);
    this.choices.hidden = models.length < 2;
  }

  /** @param {import("./core/models.js").Model | null} model */
  use(model) {
    this.watcher = new Watcher(model, this.keypoints);
    this.stage.hint.textContent = model?.task.hint ?? "";
    this.stage.root.classList.toggle("board", Boolean(model?.task.fromPointer));
    this.answer.show(this.watcher);
    this.play.offer(model?.task.question === "classification" ? model : null);
  }

  /** Process image after image until the camera is closed. */
  async watch() {
    const { camera } = this.stage;
    const { stream } = camera;
    while (camera.stream === stream) {
      const time = await camera.tick();
      if (time === null || camera.stream !== stream) break;
      if (this.recording.taking) continue;
      try {
        await this.process(time);
      } catch (error) {
        camera.close();
        this.stage.closed(`This browser cannot run it: ${/** @type {Error} */ (error).message}`, true);
      }
    }
    if (!camera.on) this.answer.update({ state: "idle" });
  }

  /** @param {number} time of the image, in seconds */
  async process(time) {
    const { watcher } = this;
    const { needsKeypoints } = watcher;
    if (needsKeypoints && !this.keypoints.bones) {
      this.stage.say("Loading MediaPipe, some 45 MB, once …");
      await this.keypoints.open();
      this.stage.say("");
      return;
    }
    const image = await this.stage.camera.image();
    if (needsKeypoints) this.stage.keep(image);
    const result = await watcher.onImage(time, image);
    if (watcher !== this.watcher || !this.stage.camera.on) return;
    this.show(result, time);
    const { milliseconds = 0 } = watcher.model ?? {};
    this.stage.showTiming([
      ...(needsKeypoints ? [this.keypoints.gpu ? "MediaPipe on the GPU" : "MediaPipe on the CPU"] : []),
      ...(milliseconds ? [`model ${milliseconds.toFixed(1)} ms`] : []),
    ]);
  }

  /**
   * @param {import("./core/watcher.js").Result} result
   * @param {number | null} time of the image, in seconds; null for the pointer
   */
  show(result, time) {
    this.stage.show(result, time, this.watcher.task, this.keypoints.bones);
    this.answer.update(result);
    if (result.event) announce(result.event, this.play.map[result.event.label]);
  }

  /**
   * The pointer moved over the image: without a camera it is a source of samples for tasks that take them.
   *
   * @param {PointerEvent} event
   */
  async onPointer(event) {
    if (this.stage.camera.on) return;
    const box = this.stage.frame.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const result = await this.watcher.onPointer(event.timeStamp / 1000, x, y);
    if (result) this.show(result, null);
  }
}

offerHooks();
const page = new Page();
await page.load();
document.documentElement.dataset.ready = "";
