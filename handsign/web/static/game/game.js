// The game on the page: the match, its drawing, and the inputs that move the figure.

import { ACTIONS } from "../core/actions.js";
import { element, elements, part } from "../core/dom.js";
import { HEALTH, Match, WINS } from "./match.js";
import { Scene } from "./scene.js";

/** @type {Partial<Record<string, string>>} */
const KEYS = {
  j: "punch",
  k: "kick",
  s: "squat",
  arrowdown: "squat",
  d: "step",
  arrowright: "step",
  a: "back",
  arrowleft: "back",
};
/** Maximum seconds of a step of the match: it does not jump after the page was suspended. */
const LONGEST = 0.05;

export class Game {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.arena = part(root, "arena", HTMLElement);
    this.banner = part(root, "banner", HTMLElement);
    this.news = part(root, "news", HTMLElement);
    this.clock = part(root, "clock", HTMLElement);
    this.startButton = part(root, "start-match", HTMLElement);
    this.meters = elements(root, "[data-health]");
    this.bars = this.meters.map((meter) => element(meter, "span", HTMLElement));
    this.wins = elements(root, "[data-wins]");
    const reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this.scene = new Scene(part(root, "scene", HTMLCanvasElement), () => reduced.matches);
    this.match = new Match(Date.now());
    /** When the last frame was drawn, in milliseconds, and the request for the next one. */
    this.last = 0;
    this.frame = 0;
    /** Seconds on the match's clock down to which the banner stays. */
    this.until = -1;
    this.listen();
    new IntersectionObserver(([entry]) => (entry.isIntersecting ? this.run() : this.pause())).observe(this.arena);
    this.update();
  }

  listen() {
    this.startButton.addEventListener("click", () => this.start());
    this.arena.addEventListener("keydown", (event) => {
      const action = KEYS[event.key.toLowerCase()];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      if (!event.repeat || action === "squat") this.act(action);
    });
    for (const button of elements(this.root, "[data-act]")) {
      button.addEventListener("click", () => this.act(button.dataset.act ?? ""));
    }
    addEventListener("handsign:action", ({ detail }) => this.act(detail?.action ?? ""));
  }

  /** @param {string} action of ACTIONS; others are ignored */
  act(action) {
    if (ACTIONS.includes(action)) this.match.act(0, /** @type {any} */ (action));
  }

  start() {
    this.match.start();
    this.arena.focus();
  }

  run() {
    if (this.frame) return;
    this.last = performance.now();
    /** @param {number} now milliseconds */
    const step = (now) => {
      this.frame = requestAnimationFrame(step);
      this.step(now / 1000, Math.min((now - this.last) / 1000, LONGEST));
      this.last = now;
    };
    this.frame = requestAnimationFrame(step);
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  /**
   * @param {number} time seconds
   * @param {number} dt seconds since the last step
   */
  step(time, dt) {
    for (const event of this.match.tick(dt)) {
      this.scene.add(event, this.match);
      this.announce(event);
    }
    this.scene.draw(this.match, time, dt);
    this.update();
  }

  /** @param {import("./match.js").GameEvent} event */
  announce({ kind, who, power, text }) {
    if (text) {
      this.banner.textContent = text;
      this.until = kind === "round" ? this.match.left - 1.2 : -1;
    }
    const names = ["You", "The rival"];
    const blow = power ? `${names[who]} ${kind === "punch" ? "punched" : "kicked"}: ${power} points.` : "";
    const news = text ?? blow;
    if (news) this.news.textContent = news;
  }

  update() {
    const { fighters, state, left } = this.match;
    [this.arena.dataset.you, this.arena.dataset.rival] = fighters.map(({ moving }) => moving ?? "guard");
    fighters.forEach(({ health, wins }, i) => {
      this.meters[i].setAttribute("aria-valuenow", String(health));
      this.bars[i].style.transform = `scaleX(${health / HEALTH})`;
      this.wins[i].textContent = "●".repeat(wins) + "○".repeat(WINS - wins);
      this.wins[i].setAttribute("aria-label", `${wins} of ${WINS} rounds won`);
    });
    this.clock.textContent = String(Math.ceil(left));
    if (state === "fight" && left < this.until) this.banner.textContent = "";
    this.startButton.hidden = state === "fight" || state === "break";
    this.startButton.textContent = state === "over" ? "Play again" : "Start the match";
  }
}
