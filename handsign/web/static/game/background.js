// The background of the game: dusk over mountains and a wooden stage.

import { generator, WIDTH } from "./match.js";

export const HEIGHT = 560;
/** Where the figures stand: y in world units. */
export const FLOOR = 470;

/** @typedef {CanvasRenderingContext2D} Pen */

/** @param {Pen} pen */
export function drawBackground(pen) {
  const sky = pen.createLinearGradient(0, 0, 0, FLOOR);
  sky.addColorStop(0, "#2b2452");
  sky.addColorStop(0.4, "#6b3f78");
  sky.addColorStop(0.72, "#d8717a");
  sky.addColorStop(1, "#f7b27a");
  pen.fillStyle = sky;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  const random = generator(7);
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

/**
 * A chain of mountains: the sum of three waves.
 *
 * @param {Pen} pen
 * @param {() => number} random
 * @param {number} top
 * @param {number} height
 * @param {string} colour
 */
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

/**
 * @param {Pen} pen
 * @param {() => number} random
 */
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

/**
 * The boards of the stage, and its edge.
 *
 * @param {Pen} pen
 */
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
