// What the game looks like: dusk over mountains, a wooden stage, two figures, sparks. All of it drawn here.

import { drawFigure, joints, poseOf } from "./figure.js";
import { chance, WIDTH } from "./match.js";

export const HEIGHT = 560;
const FLOOR = 470;
/** Of the figures. */
const SIZE = 0.9;

/** @type {import("./figure.js").Look[]} */
const LOOKS = [
  { cloth: "#f6f1e4", shade: "#cfc7b4", belt: "#2b7fc4", skin: "#e8b48c", head: "band" },
  { cloth: "#4a4a5e", shade: "#34344a", belt: "#f0a202", skin: "#c98d63", head: "knot" },
];

export class Scene {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => boolean} calm whether to move as little as possible
   */
  constructor(canvas, calm) {
    this.canvas = canvas;
    this.calm = calm;
    this.pen = canvas.getContext("2d");
    this.sparks = [];
    this.shake = 0;
    this.winds = [0, 0];
    this.places = [0, 0];
  }

  /** Make something of what happened in the match. */
  add({ kind, who, power }, match) {
    const target = match.fighters[1 - who];
    if (power) {
      this.sparks.push({ x: target.x - 20 * target.facing, y: kind === "kick" ? 292 : 262, age: 0, power, who });
      this.shake = this.calm() ? 0 : power;
    }
  }

  /** @param {import("./match.js").Match} match */
  draw(match, time, dt) {
    this.resize();
    const { pen, canvas } = this;
    const scale = canvas.width / WIDTH;
    const jolt = this.shake * Math.sin(time * 70);
    this.shake *= Math.exp(-9 * dt);
    pen.setTransform(scale, 0, 0, scale, jolt * scale * 0.5, 0);
    pen.drawImage(this.background, 0, 0, WIDTH, HEIGHT);
    this.lanterns(time);
    match.fighters.forEach((fighter) => this.shadow(fighter));
    const order = ["punch", "kick"].includes(match.fighters[1].moving) ? [0, 1] : [1, 0];
    order.forEach((number) => this.figure(match.fighters[number], time, dt));
    this.effects(dt);
  }

  /** As many pixels as the screen shows, and the background drawn once for those. */
  resize() {
    const width = Math.max(1, Math.round(this.canvas.clientWidth * Math.min(devicePixelRatio, 2)));
    if (this.canvas.width === width && this.background) return;
    this.canvas.width = width;
    this.canvas.height = Math.round((width * HEIGHT) / WIDTH);
    this.background = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    const pen = this.background.getContext("2d");
    pen.scale(width / WIDTH, width / WIDTH);
    paintBackground(pen);
  }

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

  shadow({ x }) {
    this.pen.beginPath();
    this.pen.ellipse(x, FLOOR + 6, 92, 13, 0, 0, 2 * Math.PI);
    this.pen.fillStyle = "#1a102066";
    this.pen.fill();
  }

  lanterns(time) {
    [130, 330, 670, 870].forEach((x, i) =>
      lantern(this.pen, x, i % 3 ? 92 : 74, this.calm() ? 0 : 0.06 * Math.sin(time * 1.3 + i)),
    );
  }

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

/** An exclamation mark over a figure that is about to strike: time to duck or to step back. */
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

function paintBackground(pen) {
  const sky = pen.createLinearGradient(0, 0, 0, FLOOR);
  [
    ["#2b2452", 0],
    ["#6b3f78", 0.4],
    ["#d8717a", 0.72],
    ["#f7b27a", 1],
  ].forEach(([colour, at]) => sky.addColorStop(at, colour));
  pen.fillStyle = sky;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  const random = chance(7);
  pen.fillStyle = "#ffffffb0";
  for (let i = 0; i < 60; i++) pen.fillRect(random() * WIDTH, random() * 170, 1.6, 1.6);
  pen.fillStyle = "#ffd9a0";
  pen.beginPath();
  pen.arc(500, 262, 118, 0, 2 * Math.PI);
  pen.fill();
  ridge(pen, random, 286, 56, "#8a4f7d");
  ridge(pen, random, 340, 44, "#5d3a68");
  ridge(pen, random, 396, 30, "#3b2850");
  pines(pen, random);
  boards(pen);
}

/** A chain of mountains: a few waves of different lengths. */
function ridge(pen, random, top, height, colour) {
  const waves = [1, 2.3, 4.1].map((turns) => [turns * 0.02, random() * 6.3, height / turns]);
  pen.beginPath();
  pen.moveTo(0, HEIGHT);
  for (let x = 0; x <= WIDTH; x += 8) {
    pen.lineTo(x, top - waves.reduce((sum, [rate, phase, size]) => sum + size * Math.sin(x * rate * 0.5 + phase), 0));
  }
  pen.lineTo(WIDTH, HEIGHT);
  pen.fillStyle = colour;
  pen.fill();
}

function pines(pen, random) {
  pen.fillStyle = "#241a38";
  for (let x = -10; x < WIDTH + 20; x += 26 + 22 * random()) {
    const edge = Math.abs(x - 500) / 500;
    const height = (26 + 46 * random()) * (0.35 + edge);
    for (let tier = 0; tier < 3; tier++) {
      const [y, half] = [FLOOR - 36 - (height * tier) / 3, (height * (3 - tier)) / 9 + 4];
      pen.beginPath();
      pen.moveTo(x - half, y);
      pen.lineTo(x, y - height / 1.8);
      pen.lineTo(x + half, y);
      pen.fill();
    }
    pen.fillRect(x - 2, FLOOR - 38, 4, 20);
  }
}

/** The stage: boards that run towards us, and its edge. */
function boards(pen) {
  const wood = pen.createLinearGradient(0, FLOOR - 28, 0, HEIGHT);
  wood.addColorStop(0, "#7d4a3a");
  wood.addColorStop(1, "#43262a");
  pen.fillStyle = wood;
  pen.fillRect(0, FLOOR - 28, WIDTH, HEIGHT);
  pen.strokeStyle = "#2d1a2266";
  pen.lineWidth = 2;
  for (let i = -14; i <= 14; i++) {
    pen.beginPath();
    pen.moveTo(500 + i * 42, FLOOR - 28);
    pen.lineTo(500 + i * 96, HEIGHT);
    pen.stroke();
  }
  pen.fillStyle = "#c98a5a";
  pen.fillRect(0, FLOOR - 31, WIDTH, 4);
}
