// The game, and the action of each label in it.

import { ACTIONS, defaultMap } from "../core/actions.js";
import { clone, element, part } from "../core/dom.js";
import { isRest } from "../core/trigger.js";
import { Game } from "../game/game.js";

const STORED = "handsign.map.";

export class PlayView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.game = new Game(root);
    this.list = part(root, "map", HTMLElement);
    this.empty = part(root, "no-map", HTMLElement);
    /** @type {string[]} */
    this.labels = [];
    /** @type {Record<string, string>} action of each label; empty for none */
    this.map = {};
    this.key = STORED;
    part(root, "default-map", HTMLElement).addEventListener("click", () => this.reset());
  }

  /** @param {import("../core/models.js").Model | null} model of a classification */
  offer(model) {
    const { labels, idleEvent } = model?.info ?? { labels: [], idleEvent: "" };
    this.labels = [...labels.filter((label) => !isRest(label)), ...(idleEvent ? [idleEvent] : [])];
    this.key = STORED + (model?.name ?? "");
    const stored = JSON.parse(localStorage.getItem(this.key) ?? "{}");
    this.map = { ...defaultMap(this.labels, isRest), ...stored };
    this.empty.hidden = this.labels.length > 0;
    this.list.replaceChildren(...this.labels.map((label) => this.row(label)));
  }

  /** @param {string} label */
  row(label) {
    const item = clone("mapped");
    const select = element(item, "select", HTMLSelectElement);
    part(item, "label", HTMLElement).textContent = label;
    select.append(new Option("nothing", ""), ...ACTIONS.map((action) => new Option(action, action)));
    select.value = this.map[label] ?? "";
    select.addEventListener("change", () => {
      this.map[label] = select.value;
      localStorage.setItem(this.key, JSON.stringify(this.map));
    });
    return item;
  }

  reset() {
    localStorage.removeItem(this.key);
    this.map = defaultMap(this.labels, isRest);
    this.list.replaceChildren(...this.labels.map((label) => this.row(label)));
  }
}
