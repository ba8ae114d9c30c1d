// A figure made of a few strokes: poses are where hands and feet are to be, knees and elbows follow.

import { MOVES } from "./match.js";

/**
 * @typedef {object} Pose forward and up from where the figure stands, in world units
 * @property {[number, number]} hip
 * @property {number} lean of the trunk, radians forward
 * @property {[number, number]} near the near hand, from the shoulder; `far` the other one
 * @property {[number, number]} far
 * @property {[number, number]} front the front foot, `rear` the other one
 * @property {[number, number]} rear
 */

/** @type {Record<string, Pose>} */
const POSES = {
  guard: { hip: [0, 146], lean: 0.1, near: [66, -6], far: [48, 12], front: [46, 0], rear: [-50, 0] },
  cocked: { hip: [-10, 142], lean: -0.08, near: [-34, -24], far: [58, 10], front: [46, 0], rear: [-54, 0] },
  punch: { hip: [34, 138], lean: 0.3, near: [126, 4], far: [26, -18], front: [78, 0], rear: [-56, 0] },
  raised: { hip: [-6, 150], lean: -0.12, near: [40, 6], far: [28, 22], front: [44, 92], rear: [-26, 0] },
  kick: { hip: [14, 152], lean: -0.52, near: [24, -44], far: [52, 8], front: [168, 168], rear: [-14, 0] },
  squat: { hip: [-4, 72], lean: 0.34, near: [58, 16], far: [44, 32], front: [62, 0], rear: [-58, 0] },
  strideOn: { hip: [10, 140], lean: 0.2, near: [60, -4], far: [46, 14], front: [74, 16], rear: [-30, 0] },
  strideBack: { hip: [-12, 142], lean: -0.04, near: [62, 0], far: [48, 16], front: [24, 0], rear: [-78, 14] },
  hurt: { hip: [-26, 134], lean: -0.46, near: [34, -58], far: [-6, -62], front: [40, 4], rear: [-58, 0] },
  down: { hip: [-70, 26], lean: -1.5, near: [-40, -40], far: [46, -26], front: [66, 6], rear: [30, 10] },
  cheer: { hip: [0, 154], lean: -0.02, near: [44, 104], far: [-34, 106], front: [34, 0], rear: [-38, 0] },
};

/** Poses of each move: [share of its time, pose]; in between they are mixed. */
const SCORES = {
  punch: [
    [0, "guard"],
    [0.2, "cocked"],
    [0.36, "punch"],
    [0.55, "punch"],
    [1, "guard"],
  ],
  kick: [
    [0, "guard"],
    [0.24, "raised"],
    [0.4, "kick"],
    [0.54, "kick"],
    [0.76, "raised"],
    [1, "guard"],
  ],
  squat: [
    [0, "guard"],
    [0.14, "squat"],
    [0.82, "squat"],
    [1, "guard"],
  ],
  step: [
    [0, "guard"],
    [0.45, "strideOn"],
    [1, "guard"],
  ],
  back: [
    [0, "guard"],
    [0.45, "strideBack"],
    [1, "guard"],
  ],
  warn: [
    [0, "guard"],
    [0.4, "cocked"],
    [1, "cocked"],
  ],
  hurt: [
    [0, "guard"],
    [0.22, "hurt"],
    [0.5, "hurt"],
    [1, "guard"],
  ],
};
/** Seconds that the moves without an end take to come to their pose. */
const LAST = { fall: [0.5, "hurt", "down"], cheer: [0.4, "guard", "cheer"] };

const ease = (t) => t * t * (3 - 2 * t);
const mix = (a, b, t) => (Array.isArray(a) ? a.map((value, i) => value + (b[i] - value) * t) : a + (b - a) * t);
const blend = (a, b, t) => Object.fromEntries(Object.keys(a).map((key) => [key, mix(a[key], b[key], t)]));

/**
 * How a fighter stands now.
 *
 * @param {string | null} moving
 * @param {number} since seconds
 * @param {number} breath from -1 to 1
 * @returns {Pose}
 */
export function poseOf(moving, since, breath) {
  const rest = { ...POSES.guard, hip: [0, POSES.guard.hip[1] + 2.5 * breath], near: [66, -6 + 3 * breath] };
  if (moving in LAST) {
    const [seconds, from, to] = LAST[moving];
    return blend(POSES[from], POSES[to], ease(Math.min(since / seconds, 1)));
  }
  if (!(moving in SCORES)) return rest;
  const share = Math.min(since / MOVES[moving].all, 1);
  const score = SCORES[moving];
  const after = Math.max(
    1,
    score.findIndex(([at]) => at >= share),
  );
  const [[from, a], [to, b]] = [score[after - 1], score[after]];
  return blend(POSES[a], POSES[b], ease((share - from) / (to - from)));
}

const BONES = { thigh: 80, shin: 82, upper: 64, fore: 66, trunk: 116, head: 27 };

/** Where the joint between two bones is, and the end as near to where it is to be as they reach. */
function bend([x, y], [toX, toY], first, second, side) {
  const [dx, dy] = [toX - x, toY - y];
  const wanted = Math.hypot(dx, dy) || 1;
  const reach = Math.min(wanted, first + second - 0.5);
  const [ux, uy] = [dx / wanted, dy / wanted];
  const along = (first ** 2 - second ** 2 + reach ** 2) / (2 * reach);
  const off = side * Math.sqrt(Math.max(first ** 2 - along ** 2, 0));
  return [
    [x + ux * along - uy * off, y + uy * along + ux * off],
    [x + ux * reach, y + uy * reach],
  ];
}

/** The joints of a pose, forward and up from where the figure stands. */
export function joints(pose) {
  const { hip, lean } = pose;
  const shoulder = [hip[0] + Math.sin(lean) * BONES.trunk, hip[1] + Math.cos(lean) * BONES.trunk];
  const hand = (from, side) =>
    bend(shoulder, [shoulder[0] + from[0], shoulder[1] + from[1]], BONES.upper, BONES.fore, side);
  const foot = (to) => bend(hip, [to[0], to[1] + 9], BONES.thigh, BONES.shin, 1);
  const tilt = lean * 0.6;
  const head = [shoulder[0] + Math.sin(tilt) * 46 + 5, shoulder[1] + Math.cos(tilt) * 46];
  return {
    hip,
    shoulder,
    head,
    near: hand(pose.near, -1),
    far: hand(pose.far, -1),
    front: foot(pose.front),
    rear: foot(pose.rear),
  };
}

/**
 * @typedef {object} Look
 * @property {string} cloth
 * @property {string} shade
 * @property {string} belt
 * @property {string} skin
 * @property {"band" | "knot"} head what tells the figures apart without colours
 */

const LINE = "#1c1726";

/**
 * Draw a figure that stands at (0, 0), facing right, y up.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Pose} pose
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

function stroke(pen, points, width, colour) {
  pen.lineCap = pen.lineJoin = "round";
  for (const [style, wide] of [
    [LINE, width + 6],
    [colour, width],
  ]) {
    pen.beginPath();
    points.forEach(([x, y]) => pen.lineTo(x, y));
    pen.strokeStyle = style;
    pen.lineWidth = wide;
    pen.stroke();
  }
}

/** An arm: sleeve to below the elbow, then skin and a fist. */
function limb(pen, [from, elbow, hand], width, cloth, skin) {
  const cuff = mix(elbow, hand, 0.45);
  stroke(pen, [cuff, hand], width - 7, skin);
  stroke(pen, [from, elbow, cuff], width, cloth);
  blob(pen, hand, 14, skin);
}

function leg(pen, [hip, knee, foot], cloth, { skin }) {
  const cuff = mix(knee, foot, 0.72);
  stroke(pen, [cuff, foot], 17, skin);
  stroke(pen, [foot, [foot[0] + 20, foot[1] - 4]], 15, skin);
  stroke(pen, [hip, knee, cuff], 31, cloth);
}

function blob(pen, [x, y], radius, colour) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  pen.strokeStyle = LINE;
  pen.lineWidth = 3;
  pen.stroke();
}

/** The jacket: wide at the shoulders, with a lapel, a belt below. */
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

/** Two loose ends that stream behind. */
function ribbon(pen, [x, y], colour, wind, length) {
  for (const drop of [0.25, 0.7]) {
    const end = [x - length * (0.55 + 0.3 * wind), y - length * (drop + 0.25 * (1 - wind))];
    pen.beginPath();
    pen.moveTo(x, y);
    pen.quadraticCurveTo(x - length * 0.5, y + 6 * wind, ...end);
    for (const [style, wide] of [
      [LINE, 11],
      [colour, 6],
    ]) {
      pen.strokeStyle = style;
      pen.lineWidth = wide;
      pen.lineCap = "round";
      pen.stroke();
    }
  }
}
