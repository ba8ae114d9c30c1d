// Draws the game: the background, lanterns, two figures, sparks.

import { context2d } from "../core/dom.js";
import { drawBackground, FLOOR, HEIGHT } from "./background.js";
import { drawFigure } from "./figure.js";
import { WIDTH } from "./match.js";
import { joints, poseOf } from "./poses.js";

/** Scale of the figures. */
const SIZE = 0.9;

/**
 * @typedef {import("./match.js").Match} Match
 * @typedef {Match["fighters"][number]} Fighter
 * @typedef {CanvasRenderingContext2D} Pen
 * @typedef {{x: number, y: number, age: number, power: number, who: number}} Spark `age` in seconds
 */

/** @type {import("./figure.js").Look[]} */
const LOOKS = [
  { cloth: "#f6f1e4", shade: "#cfc7b4", belt: "#2b7fc4", skin: "#e8b48c", head: "band" },
  { cloth: "#4a4a5e", shade: "#34344a", belt: "#f0a202", skin: "#c98d63", head: "knot" },
];

export class Scene {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => boolean} calm whether to reduce motion
   */
  constructor(canvas, calm) {
    this.canvas = canvas;
    this.calm = calm;
    this.pen = context2d(canvas);
    /** @type {OffscreenCanvas | null} drawn once per size */
    this.background = null;
    /** @type {Spark[]} */
    this.sparks = [];
    this.shake = 0;
    this.winds = [0, 0];
    this.places = [0, 0];
  }

  /**
   * Add the effects of an event.
   *
   * @param {import("./match.js").GameEvent} event
   * @param {Match} match
   */
  add({ kind, who, power }, match) {
    const target = match.fighters[1 - who];
    if (power) {
      this.sparks.push({ x: target.x - 20 * target.facing, y: kind === "kick" ? 292 : 262, age: 0, power, who });
      this.shake = this.calm() ? 0 : power;
    }
  }

  /**
   * @param {Match} match
   * @param {number} time seconds
   * @param {number} dt seconds since the last frame
   */
  draw(match, time, dt) {
    const background = this.resize();
    const { pen, canvas } = this;
    const scale = canvas.width / WIDTH;
    const jolt = this.shake * Math.sin(time * 70);
    this.shake *= Math.exp(-9 * dt);
    pen.setTransform(scale, 0, 0, scale, jolt * scale * 0.5, 0);
    pen.drawImage(background, 0, 0, WIDTH, HEIGHT);
    this.lanterns(time);
    match.fighters.forEach((fighter) => this.shadow(fighter));
    const order = ["punch", "kick"].includes(match.fighters[1].moving ?? "") ? [0, 1] : [1, 0];
    order.forEach((number) => this.figure(match.fighters[number], time, dt));
    this.effects(dt);
  }

  /** Match the canvas to the screen's pixels, and draw the background for that size. */
  resize() {
    const width = Math.max(1, Math.round(this.canvas.clientWidth * Math.min(devicePixelRatio, 2)));
    if (this.canvas.width === width && this.background) return this.background;
    this.canvas.width = width;
    this.canvas.height = Math.round((width * HEIGHT) / WIDTH);
    this.background = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    const pen = context2d(this.background);
    pen.scale(width / WIDTH, width / WIDTH);
    drawBackground(pen);
    return this.background;
  }

  /**
   * @param {Fighter} fighter
   * @param {number} time
   * @param {number} dt
   */
  figure(fighter, time, dt) {
    const { pen } = this;
    const speed = (fighter.x - this.places[fighter.number]) / Math.max(dt, 1e-3);
    this.places[fighter.number] = fighter.x;
    const stream = Math.max(-1, Math.min(1, (speed * fighter.facing) / 250));
    const wind = this.winds[fighter.number] + (stream - this.winds[fighter.number]) * Math.min(1, 8 * dt);
    this.winds[fighter.number] = wind;
    const breath = this.calm() ? 0 : Math.sin(time * 3.1 + 2 * fighter.number);
    const pose = poseOf(fighter.moving, fighter.since, breath);
    pen.save();
    pen.translate(fighter.x, FLOOR);
    pen.scale(fighter.facing * SIZE, -SIZE);
    drawFigure(pen, pose, LOOKS[fighter.number], wind + (this.calm() ? 0 : 0.15 * Math.sin(time * 5)));
    if (fighter.moving === "warn") warning(pen, joints(pose).head, fighter.facing);
    pen.restore();
  }

  /** @param {Fighter} fighter */
  shadow({ x }) {
    this.pen.beginPath();
    this.pen.ellipse(x, FLOOR + 6, 92, 13, 0, 0, 2 * Math.PI);
    this.pen.fillStyle = "#1a102066";
    this.pen.fill();
  }

  /** @param {number} time */
  lanterns(time) {
    [130, 330, 670, 870].forEach((x, i) =>
      lantern(this.pen, x, i % 3 ? 92 : 74, this.calm() ? 0 : 0.06 * Math.sin(time * 1.3 + i)),
    );
  }

  /** @param {number} dt */
  effects(dt) {
    this.sparks = this.sparks.filter((spark) => (spark.age += dt) < 0.6);
    for (const { x, y, age, power, who } of this.sparks) {
      const grow = Math.min(age / 0.12, 1);
      this.pen.save();
      this.pen.globalAlpha = 1 - age / 0.6;
      star(this.pen, x, y, (28 + 2.4 * power) * grow, who);
      this.pen.font = "900 44px system-ui, sans-serif";
      this.pen.textAlign = "center";
      this.pen.lineWidth = 8;
      this.pen.strokeStyle = "#1c1726";
      this.pen.fillStyle = "#ffffff";
      this.pen.strokeText(`−${power}`, x, y - 70 - 60 * age);
      this.pen.fillText(`−${power}`, x, y - 70 - 60 * age);
      this.pen.restore();
    }
  }
}

/**
 * An exclamation mark over a figure that is about to attack.
 *
 * @param {Pen} pen
 * @param {import("./poses.js").Point} head
 * @param {number} facing
 */
function warning(pen, [x, y], facing) {
  pen.save();
  pen.translate(x + 4, y + 56);
  pen.scale(facing, -1);
  pen.font = "900 46px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.lineWidth = 8;
  pen.strokeStyle = "#1c1726";
  pen.fillStyle = "#ffe066";
  pen.strokeText("!", 0, 0);
  pen.fillText("!", 0, 0);
  pen.restore();
}

/**
 * @param {Pen} pen
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {number} turn in radians
 */
function star(pen, x, y, radius, turn) {
  pen.beginPath();
  for (let i = 0; i < 18; i++) {
    const [angle, far] = [(i / 18) * 2 * Math.PI + turn, i % 2 ? radius * 0.45 : radius * (1 + 0.25 * (i % 4))];
    pen.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  pen.closePath();
  pen.fillStyle = "#fff3b0";
  pen.strokeStyle = "#d1495b";
  pen.lineWidth = 6;
  pen.stroke();
  pen.fill();
}

/**
 * @param {Pen} pen
 * @param {number} x
 * @param {number} y
 * @param {number} swing in radians
 */
function lantern(pen, x, y, swing) {
  pen.save();
  pen.translate(x, 0);
  pen.rotate(swing);
  pen.strokeStyle = "#2a1b33";
  pen.lineWidth = 3;
  pen.beginPath();
  pen.moveTo(0, -10);
  pen.lineTo(0, y);
  pen.stroke();
  const glow = pen.createRadialGradient(0, y + 26, 4, 0, y + 26, 90);
  glow.addColorStop(0, "#ffd98a90");
  glow.addColorStop(1, "#ffd98a00");
  pen.fillStyle = glow;
  pen.fillRect(-90, y - 64, 180, 180);
  pen.fillStyle = "#f28c5a";
  pen.beginPath();
  pen.ellipse(0, y + 26, 24, 30, 0, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#2a1b33";
  pen.fillRect(-13, y - 6, 26, 6);
  pen.fillRect(-13, y + 54, 26, 6);
  pen.restore();
}
