// The page: what there is, which view is open, and the loop that watches.

import { announce, offerHooks } from "./core/actions.js";
import { Keypoints } from "./core/keypoints.js";
import { Models } from "./core/models.js";
import { TASKS } from "./core/tasks.js";
import { Watcher } from "./core/watchers.js";
import { AnswerView } from "./views/answer.js";
import { PlayView } from "./views/play.js";
import { RecordView } from "./views/record.js";
import { StageView } from "./views/stage.js";

const VIEWS = ["recognise", "record", "play"];

class Page {
  constructor() {
    const find = (id) => document.getElementById(id);
    this.main = document.querySelector("main");
    this.models = new Models();
    this.keypoints = new Keypoints();
    this.stage = new StageView(find("stage"));
    this.answer = new AnswerView(find("answer"));
    this.recording = new RecordView(find("record"), this.stage, this.keypoints);
    this.play = new PlayView(find("play"));
    this.notice = find("notice");
    this.watcher = new Watcher(null, this.keypoints);
    this.stage.onOpen = () => this.watch();
    this.stage.frame.addEventListener("pointermove", (event) => this.point(event));
    window.addEventListener("hashchange", () => this.turn());
    this.turn();
  }

  /** Show the view that the address names. */
  turn() {
    const view = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS[0];
    this.main.dataset.view = view;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  async load() {
    try {
      const { models, records, failed } = await this.models.list();
      const known = models.filter(({ info }) => info.task in TASKS);
      this.tell(
        known.length ? failed : [...failed, "There is no model yet: record takes of your signs, then run train.py."],
      );
      this.recording.offer(records, known[0]?.info.task === records?.task ? known[0].info.labels : []);
      this.offer(known);
      this.use(known[0] ?? null);
    } catch (error) {
      this.tell([`The models could not be listed: ${error.message}. Is realtime.py still running?`]);
      this.use(null);
    }
  }

  tell(lines) {
    this.notice.textContent = lines.join(" ");
    this.notice.hidden = !lines.length;
  }

  /** One choice for every model; a task with several is followed by their names. */
  offer(models) {
    const box = document.querySelector("#tasks");
    const several = (task) => models.filter(({ info }) => info.task === task).length > 1;
    const choices = models.map((model, i) => {
      const choice = document.querySelector("#task").content.cloneNode(true).firstElementChild;
      const { title } = TASKS[model.info.task];
      choice.querySelector("span").textContent = several(model.info.task) ? `${title}: ${model.name}` : title;
      const radio = choice.querySelector("input");
      radio.value = model.name;
      radio.checked = i === 0;
      radio.addEventListener("change", () => this.use(model));
      return choice;
    });
    box.append(...choices);
    box.hidden = models.length < 2;
  }

  /** @param {import("./core/models.js").Model | null} model */
  use(model) {
    this.watcher = new Watcher(model, this.keypoints);
    this.stage.hint.textContent = this.watcher.row?.hint ?? "";
    this.stage.root.classList.toggle("board", this.watcher.sense === "point");
    this.answer.show(this.watcher);
    this.play.offer(this.watcher.row?.goal === "classify" ? model : null);
  }

  /** Look at picture after picture until the camera is closed. */
  async watch() {
    const { camera } = this.stage;
    const { stream } = camera;
    while (camera.stream === stream) {
      const time = await camera.tick();
      if (time === null || camera.stream !== stream) break;
      if (this.recording.taking) continue;
      try {
        await this.look(time);
      } catch (error) {
        camera.close();
        this.stage.closed(`This browser cannot run it: ${error.message}`, true);
      }
    }
    if (!camera.on) this.answer.update({ state: "idle", scores: null });
  }

  async look(time) {
    const { watcher } = this;
    if (watcher.sense !== "picture" && !this.keypoints.strokes) {
      this.stage.say("Loading MediaPipe, some 45 MB, once …");
      await this.keypoints.open();
      this.stage.say("");
      return;
    }
    const picture = await this.stage.camera.picture();
    if (watcher.sense !== "picture") this.stage.keep(picture);
    const found = await watcher.picture(time, picture);
    if (watcher !== this.watcher || !this.stage.camera.on) return;
    this.found(found, time);
    const { gpu } = this.keypoints;
    this.stage.tell([
      ...(watcher.sense === "picture" ? [] : [gpu ? "MediaPipe on the GPU" : "MediaPipe on the CPU"]),
      ...(watcher.model?.took ? [`model ${watcher.model.took.toFixed(1)} ms`] : []),
    ]);
  }

  /** @param {import("./core/watchers.js").Found} found */
  found(found, time) {
    this.stage.show(found, time, this.keypoints.strokes);
    this.answer.update(found);
    if (found.event) announce(found.event, this.play.map[found.event.label]);
  }

  /** The pointer moved over the picture: a path, where the task is one and no camera is on. */
  async point(event) {
    if (this.watcher.sense !== "point" || this.stage.camera.on) return;
    const box = this.stage.frame.getBoundingClientRect();
    const inside = (value) => Math.min(Math.max(value, 1e-4), 1);
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.found(await this.watcher.point(event.timeStamp / 1000, inside(x), inside(y)), null);
  }
}

offerHooks();
const page = new Page();
await page.load();
document.documentElement.dataset.ready = "";
