// The panel beside the picture: a bar for every label, the sentence, or the film that comes next.

import { film } from "../core/draw.js";

const STATES = {
  idle: "waiting for the camera",
  seen: "no model: only landmarks",
  filling: "filling the window",
  rest: "at rest",
  watching: "watching",
  thinking: "watching",
};

export class AnswerView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.state = root.querySelector("[data-state]");
    this.bars = root.querySelector("[data-bars]");
    this.sentence = root.querySelector("[data-sentence]");
    this.forecast = root.querySelector("[data-forecast]");
    this.said = root.querySelector("[data-said]");
    root.querySelector("[data-clear]").addEventListener("click", () => this.clear());
    root.querySelector("[data-copy]").addEventListener("click", () => this.copy());
    this.watcher = null;
  }

  /** @param {import("../core/watchers.js").Watcher} watcher */
  show(watcher) {
    this.watcher = watcher;
    const { model, row } = watcher;
    const classify = row?.goal === "classify";
    this.rows = classify ? model.info.labels.map((label) => new Bar(label, model.info.threshold)) : [];
    this.bars.replaceChildren(...this.rows.map(({ item }) => item));
    this.root.querySelector("[data-recognised]").hidden = !classify;
    this.forecast.hidden = !(row?.goal === "forecast" && row.sense === "picture");
    this.clear();
    this.update({ state: "idle", scores: null });
  }

  /** @param {Partial<import("../core/watchers.js").Found>} found */
  update({ state, scores, event, seen, ahead }) {
    this.state.textContent = STATES[state];
    const leader = this.watcher?.mind?.leader ?? -1;
    this.rows.forEach((bar, i) => bar.set(scores?.[i] ?? 0, i === leader));
    if (event) this.tell(event.label);
    if (seen && ahead && !this.forecast.hidden) this.films(seen, ahead);
  }

  films(seen, ahead) {
    const { sample } = this.watcher.model.info;
    const last = seen.subarray(seen.length - sample[0] * sample[1]);
    film(this.forecast.querySelector("[data-seen]"), last, sample);
    film(this.forecast.querySelector("[data-ahead]"), ahead, sample);
  }

  tell(label) {
    this.sentence.textContent = this.watcher.mind.sentence.join(" ") || "…";
    this.said.textContent = label;
  }

  clear() {
    if (this.watcher?.mind?.sentence) this.watcher.mind.sentence = [];
    this.sentence.textContent = "…";
    this.said.textContent = "";
  }

  async copy() {
    const words = this.watcher?.mind?.sentence?.join(" ") ?? "";
    await navigator.clipboard.writeText(words);
    this.said.textContent = words ? "The sentence was copied." : "The sentence is empty.";
  }
}

/** One label with its probability. The bar that leads has a mark, not only a colour. */
class Bar {
  constructor(label, threshold) {
    const template = document.querySelector("#bar");
    this.item = template.content.cloneNode(true).firstElementChild;
    this.item.querySelector("[data-label]").textContent = label;
    this.meter = this.item.querySelector("[role=meter]");
    this.meter.setAttribute("aria-label", label);
    this.fill = this.item.querySelector("[data-fill]");
    this.number = this.item.querySelector("[data-number]");
    this.item.querySelector("[data-threshold]").style.insetInlineStart = `${100 * threshold}%`;
    this.set(0, false);
  }

  set(probability, leads) {
    const percent = Math.round(100 * probability);
    this.fill.style.transform = `scaleX(${probability})`;
    this.number.textContent = `${percent} %`;
    this.meter.setAttribute("aria-valuenow", String(percent));
    this.item.classList.toggle("leads", leads);
  }
}
