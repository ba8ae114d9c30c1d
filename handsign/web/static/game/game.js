// The game on the page: the match, what it looks like, and everything that can move the figure.

import { ACTIONS } from "../core/actions.js";
import { HEALTH, Match, WINS } from "./match.js";
import { Scene } from "./scene.js";

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
/** Seconds that a step of the match is at most: a page that slept does not jump. */
const LONGEST = 0.05;

export class Game {
  /** @param {HTMLElement} root */
  constructor(root) {
    const find = (what) => root.querySelector(`[data-${what}]`);
    this.root = root;
    this.arena = find("arena");
    this.banner = find("banner");
    this.news = find("news");
    this.clock = find("clock");
    this.startButton = find("start-match");
    this.meters = [...root.querySelectorAll("[data-health]")];
    this.wins = [...root.querySelectorAll("[data-wins]")];
    const reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this.scene = new Scene(find("scene"), () => reduced.matches);
    this.match = new Match(Date.now());
    this.last = 0;
    this.listen();
    new IntersectionObserver(([entry]) => (entry.isIntersecting ? this.run() : this.pause())).observe(this.arena);
    this.tell();
  }

  listen() {
    this.startButton.addEventListener("click", () => this.start());
    this.arena.addEventListener("keydown", (event) => {
      const action = KEYS[event.key.toLowerCase()];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      if (!event.repeat || action === "squat") this.act(action);
    });
    for (const button of this.root.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => this.act(button.dataset.act));
    }
    addEventListener("handsign:action", ({ detail }) => this.act(detail?.action));
  }

  /** @param {string} action one of ACTIONS; anything else does nothing */
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

  step(time, dt) {
    for (const happening of this.match.tick(dt)) {
      this.scene.add(happening, this.match);
      this.say(happening);
    }
    this.scene.draw(this.match, time, dt);
    this.tell();
  }

  say({ kind, who, power, text }) {
    if (text) {
      this.banner.textContent = text;
      this.until = kind === "round" ? this.match.left - 1.2 : -1;
    }
    const names = ["You", "The rival"];
    const blow = power ? `${names[who]} ${kind === "punch" ? "punched" : "kicked"}: ${power} points.` : "";
    const news = text ?? blow;
    if (news) this.news.textContent = news;
  }

  tell() {
    const { fighters, state, left } = this.match;
    [this.arena.dataset.you, this.arena.dataset.rival] = fighters.map(({ moving }) => moving ?? "guard");
    fighters.forEach(({ health, wins }, i) => {
      this.meters[i].setAttribute("aria-valuenow", String(health));
      this.meters[i].firstElementChild.style.transform = `scaleX(${health / HEALTH})`;
      this.wins[i].textContent = "●".repeat(wins) + "○".repeat(WINS - wins);
      this.wins[i].setAttribute("aria-label", `${wins} of ${WINS} rounds won`);
    });
    this.clock.textContent = String(Math.ceil(left));
    if (state === "fight" && left < this.until) this.banner.textContent = "";
    this.startButton.hidden = state === "fight" || state === "break";
    this.startButton.textContent = state === "over" ? "Play again" : "Start the match";
  }
}
