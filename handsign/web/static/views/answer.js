// The panel beside the image: a bar for every label and the sentence, or the frames that follow.

import { clone, element, part } from "../core/dom.js";
import { drawFilm } from "../core/draw.js";

/** @type {Record<import("../core/watcher.js").Result["state"], string>} */
const STATES = {
  idle: "waiting for the camera",
  landmarks: "no model: only landmarks",
  filling: "filling the window",
  rest: "at rest",
  active: "watching",
};

export class AnswerView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.state = part(root, "state", HTMLElement);
    this.recognised = part(root, "recognised", HTMLElement);
    this.list = part(root, "bars", HTMLElement);
    this.sentence = part(root, "sentence", HTMLElement);
    this.film = part(root, "film", HTMLElement);
    this.context = part(root, "context", HTMLCanvasElement);
    this.forecast = part(root, "forecast", HTMLCanvasElement);
    this.announcement = part(root, "announcement", HTMLElement);
    part(root, "clear", HTMLElement).addEventListener("click", () => this.clear());
    part(root, "copy", HTMLElement).addEventListener("click", () => this.copy());
    /** @type {import("../core/watcher.js").Watcher | null} */
    this.watcher = null;
    /** @type {Bar[]} */
    this.bars = [];
  }

  /** @param {import("../core/watcher.js").Watcher} watcher */
  show(watcher) {
    this.watcher = watcher;
    const { model, recogniser } = watcher;
    this.bars = recogniser && model ? model.info.labels.map((label) => new Bar(label, model.info.threshold)) : [];
    this.list.replaceChildren(...this.bars.map(({ item }) => item));
    this.recognised.hidden = !recogniser;
    this.film.hidden = !(model && !recogniser && model.task.sensor === "image");
    this.clear();
    this.update({ state: "idle" });
  }

  /** @param {import("../core/watcher.js").Result} result */
  update({ state, probabilities, event, context, forecast }) {
    this.state.textContent = STATES[state];
    const candidate = this.watcher?.recogniser?.candidate ?? -1;
    this.bars.forEach((bar, i) => bar.set(probabilities?.[i] ?? 0, i === candidate));
    if (event) this.announce(event.label);
    if (context && forecast && !this.film.hidden) this.showFilm(context, forecast);
  }

  /**
   * @param {Float32Array} context
   * @param {Float32Array} forecast
   */
  showFilm(context, forecast) {
    const [height, width] = this.watcher?.model?.info.sample ?? [1, 1];
    drawFilm(this.context, context.subarray(context.length - height * width), [height, width]);
    drawFilm(this.forecast, forecast, [height, width]);
  }

  /** @param {string} label */
  announce(label) {
    this.sentence.textContent = this.words || "…";
    this.announcement.textContent = label;
  }

  get words() {
    return this.watcher?.recogniser?.sentence.join(" ") ?? "";
  }

  clear() {
    if (this.watcher?.recogniser) this.watcher.recogniser.sentence = [];
    this.sentence.textContent = "…";
    this.announcement.textContent = "";
  }

  async copy() {
    const { words } = this;
    await navigator.clipboard.writeText(words);
    this.announcement.textContent = words ? "The sentence was copied." : "The sentence is empty.";
  }
}

/** A label with its probability. The bar of the candidate has a mark, not only a colour. */
class Bar {
  /**
   * @param {string} label
   * @param {number} threshold
   */
  constructor(label, threshold) {
    this.item = clone("bar");
    part(this.item, "label", HTMLElement).textContent = label;
    this.meter = element(this.item, "[role=meter]", HTMLElement);
    this.meter.setAttribute("aria-label", label);
    this.fill = part(this.item, "fill", HTMLElement);
    this.number = part(this.item, "number", HTMLElement);
    part(this.item, "threshold", HTMLElement).style.insetInlineStart = `${100 * threshold}%`;
    this.set(0, false);
  }

  /**
   * @param {number} probability
   * @param {boolean} candidate
   */
  set(probability, candidate) {
    const percent = Math.round(100 * probability);
    this.fill.style.transform = `scaleX(${probability})`;
    this.number.textContent = `${percent} %`;
    this.meter.setAttribute("aria-valuenow", String(percent));
    this.item.classList.toggle("leads", candidate);
  }
}
