// Draws a figure of a few strokes in a pose.

import { BONES, joints, mix } from "./poses.js";

/**
 * @typedef {import("./poses.js").Point} Point
 * @typedef {CanvasRenderingContext2D} Pen
 */

/**
 * @typedef {object} Look
 * @property {string} cloth
 * @property {string} shade
 * @property {string} belt
 * @property {string} skin
 * @property {"band" | "knot"} head makes the figures differ without colours
 */

const LINE = "#1c1726";

/**
 * Draw a figure that stands at (0, 0), facing right, y up.
 *
 * @param {Pen} pen
 * @param {import("./poses.js").Pose} pose
 * @param {Look} look
 * @param {number} wind how far ribbons stream back, -1 to 1
 */
export function drawFigure(pen, pose, look, wind) {
  const j = joints(pose);
  limb(pen, [j.shoulder, ...j.far], 21, look.shade, look.skin);
  leg(pen, [j.hip, ...j.rear], look.shade, look);
  leg(pen, [j.hip, ...j.front], look.cloth, look);
  trunk(pen, j, look);
  ribbon(pen, [j.hip[0] - 12, j.hip[1] + 8], look.belt, wind, 46);
  head(pen, j, look, wind);
  limb(pen, [j.shoulder, ...j.near], 23, look.cloth, look.skin);
}

/**
 * @param {Pen} pen
 * @param {Point[]} points
 * @param {number} width
 * @param {string} colour
 */
function stroke(pen, points, width, colour) {
  pen.lineCap = pen.lineJoin = "round";
  for (const [style, wide] of /** @type {[string, number][]} */ ([
    [LINE, width + 6],
    [colour, width],
  ])) {
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.strokeStyle = style;
    pen.lineWidth = wide;
    pen.stroke();
  }
}

/**
 * An arm: a sleeve to below the elbow, then skin and a fist.
 *
 * @param {Pen} pen
 * @param {[Point, Point, Point]} joints shoulder, elbow, hand
 * @param {number} width
 * @param {string} cloth
 * @param {string} skin
 */
function limb(pen, [from, elbow, hand], width, cloth, skin) {
  const cuff = mix(elbow, hand, 0.45);
  stroke(pen, [cuff, hand], width - 7, skin);
  stroke(pen, [from, elbow, cuff], width, cloth);
  blob(pen, hand, 14, skin);
}

/**
 * @param {Pen} pen
 * @param {[Point, Point, Point]} joints hip, knee, foot
 * @param {string} cloth
 * @param {Look} look
 */
function leg(pen, [hip, knee, foot], cloth, { skin }) {
  const cuff = mix(knee, foot, 0.72);
  stroke(pen, [cuff, foot], 17, skin);
  stroke(pen, [foot, [foot[0] + 20, foot[1] - 4]], 15, skin);
  stroke(pen, [hip, knee, cuff], 31, cloth);
}

/**
 * @param {Pen} pen
 * @param {Point} centre
 * @param {number} radius
 * @param {string} colour
 */
function blob(pen, [x, y], radius, colour) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  pen.strokeStyle = LINE;
  pen.lineWidth = 3;
  pen.stroke();
}

/**
 * The jacket: wide at the shoulders, with a lapel and a belt.
 *
 * @param {Pen} pen
 * @param {ReturnType<typeof joints>} joints
 * @param {Look} look
 */
function trunk(pen, { hip, shoulder }, look) {
  stroke(pen, [hip, shoulder], 50, look.cloth);
  const collar = mix(shoulder, hip, -0.08);
  stroke(pen, [[collar[0] + 13, collar[1] + 4], mix(shoulder, hip, 0.62)], 4, look.shade);
  const [dx, dy] = [shoulder[0] - hip[0], shoulder[1] - hip[1]];
  const length = Math.hypot(dx, dy);
  const across = [(dy / length) * 25, (-dx / length) * 25];
  const belt = mix(hip, shoulder, 0.1);
  stroke(
    pen,
    [
      [belt[0] - across[0], belt[1] - across[1]],
      [belt[0] + across[0], belt[1] + across[1]],
    ],
    11,
    look.belt,
  );
}

/**
 * @param {Pen} pen
 * @param {ReturnType<typeof joints>} joints
 * @param {Look} look
 * @param {number} wind
 */
function head(pen, { head: [x, y] }, look, wind) {
  if (look.head === "band") ribbon(pen, [x - 24, y + 10], look.belt, wind, 40);
  blob(pen, [x, y], BONES.head, look.skin);
  pen.fillStyle = LINE;
  pen.beginPath(); // hair
  pen.arc(x, y, BONES.head + 1, 0.32, Math.PI + 0.55);
  pen.quadraticCurveTo(x - 4, y + 8, x + 25, y + 9);
  pen.fill();
  if (look.head === "knot") blob(pen, [x - 12, y + 33], 11, LINE);
  else
    stroke(
      pen,
      [
        [x - 25, y + 9],
        [x + 25, y + 12],
      ],
      7,
      look.belt,
    );
  pen.beginPath(); // eye
  pen.arc(x + 15, y - 1, 3.4, 0, 2 * Math.PI);
  pen.fillStyle = LINE;
  pen.fill();
}

/**
 * The two loose ends of a band.
 *
 * @param {Pen} pen
 * @param {Point} knot
 * @param {string} colour
 * @param {number} wind
 * @param {number} length
 */
function ribbon(pen, [x, y], colour, wind, length) {
  for (const drop of [0.25, 0.7]) {
    /** @type {Point} */
    const end = [x - length * (0.55 + 0.3 * wind), y - length * (drop + 0.25 * (1 - wind))];
    pen.beginPath();
    pen.moveTo(x, y);
    pen.quadraticCurveTo(x - length * 0.5, y + 6 * wind, ...end);
    for (const [style, wide] of /** @type {[string, number][]} */ ([
      [LINE, 11],
      [colour, 6],
    ])) {
      pen.strokeStyle = style;
      pen.lineWidth = wide;
      pen.lineCap = "round";
      pen.stroke();
    }
  }
}
