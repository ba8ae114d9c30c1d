// The game, and which label does what in it.

import { ACTIONS, defaultMap } from "../core/actions.js";
import { isRest } from "../core/trigger.js";
import { Game } from "../game/game.js";

const KEPT = "handsign.map.";

export class PlayView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.game = new Game(root);
    this.list = root.querySelector("[data-map]");
    /** @type {Record<string, string>} */
    this.map = {};
    root.querySelector("[data-default-map]").addEventListener("click", () => this.reset());
  }

  /** @param {import("../core/models.js").Model | null} model */
  offer(model) {
    const { labels = [], stand } = model?.info ?? {};
    this.labels = [...labels.filter((label) => !isRest(label)), ...(stand ? [stand] : [])];
    this.key = KEPT + (model?.name ?? "");
    const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
    this.map = { ...defaultMap(this.labels, isRest), ...kept };
    this.root.querySelector("[data-no-map]").hidden = this.labels.length > 0;
    this.list.replaceChildren(...this.labels.map((label) => this.row(label)));
  }

  row(label) {
    const item = document.querySelector("#mapped").content.cloneNode(true).firstElementChild;
    const select = item.querySelector("select");
    item.querySelector("[data-label]").textContent = label;
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
