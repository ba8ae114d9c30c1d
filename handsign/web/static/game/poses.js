// The poses of a figure: they have the positions of hands and feet; knees and elbows follow from them.

import { MOVES } from "./match.js";

/**
 * @typedef {[x: number, y: number]} Point forward and up from where the figure stands, in world units
 */

/**
 * @typedef {object} Pose
 * @property {Point} hip
 * @property {number} lean of the trunk forward, in radians
 * @property {Point} near the near hand, from the shoulder
 * @property {Point} far the far hand, from the shoulder
 * @property {Point} front foot
 * @property {Point} rear foot
 */

/** @satisfies {Record<string, Pose>} */
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

/**
 * Key poses of each move: [share of its duration, pose], interpolated in between.
 *
 * @type {Record<string, [number, keyof typeof POSES][]>}
 */
const KEYS = {
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
/**
 * The moves without an end: seconds to the final pose, first and final pose.
 *
 * @type {Record<string, [number, keyof typeof POSES, keyof typeof POSES]>}
 */
const FINAL = { fall: [0.5, "hurt", "down"], cheer: [0.4, "guard", "cheer"] };

/** @type {(t: number) => number} */
const ease = (t) => t * t * (3 - 2 * t);

/**
 * @param {Point} a
 * @param {Point} b
 * @param {number} t 0 for a, 1 for b
 * @returns {Point}
 */
export const mix = (a, b, t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];

/**
 * @param {Pose} a
 * @param {Pose} b
 * @param {number} t 0 for a, 1 for b
 * @returns {Pose}
 */
const blend = (a, b, t) => ({
  hip: mix(a.hip, b.hip, t),
  lean: a.lean + (b.lean - a.lean) * t,
  near: mix(a.near, b.near, t),
  far: mix(a.far, b.far, t),
  front: mix(a.front, b.front, t),
  rear: mix(a.rear, b.rear, t),
});

/**
 * The pose of a fighter.
 *
 * @param {import("./match.js").Move | null} moving
 * @param {number} since when it moves, in seconds
 * @param {number} breath from -1 to 1
 * @returns {Pose}
 */
export function poseOf(moving, since, breath) {
  if (moving && moving in FINAL) {
    const [seconds, from, to] = FINAL[moving];
    return blend(POSES[from], POSES[to], ease(Math.min(since / seconds, 1)));
  }
  if (!moving || !(moving in KEYS)) {
    return { ...POSES.guard, hip: [0, POSES.guard.hip[1] + 2.5 * breath], near: [66, -6 + 3 * breath] };
  }
  const share = Math.min(since / MOVES[moving].all, 1);
  const keys = KEYS[moving];
  const next = keys.findIndex(([at]) => at >= share);
  const after = Math.max(1, next);
  const [[from, a], [to, b]] = [keys[after - 1], keys[after]];
  return blend(POSES[a], POSES[b], ease((share - from) / (to - from)));
}

/** Lengths in world units; of the head the radius. */
export const BONES = { thigh: 80, shin: 82, upper: 64, fore: 66, trunk: 116, head: 27 };

/**
 * Inverse kinematics of two bones.
 *
 * @param {Point} origin
 * @param {Point} target
 * @param {number} first length of the first bone
 * @param {number} second
 * @param {number} side of the joint: 1 or -1
 * @returns {[joint: Point, end: Point]} the end is as near to the target as the bones reach
 */
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

/**
 * The joints of a pose.
 *
 * @param {Pose} pose
 */
export function joints(pose) {
  const { hip, lean } = pose;
  /** @type {Point} */
  const shoulder = [hip[0] + Math.sin(lean) * BONES.trunk, hip[1] + Math.cos(lean) * BONES.trunk];
  /** @type {(from: Point, side: number) => [Point, Point]} */
  const hand = (from, side) =>
    bend(shoulder, [shoulder[0] + from[0], shoulder[1] + from[1]], BONES.upper, BONES.fore, side);
  /** @type {(to: Point) => [Point, Point]} */
  const foot = (to) => bend(hip, [to[0], to[1] + 9], BONES.thigh, BONES.shin, 1);
  const tilt = lean * 0.6;
  /** @type {Point} */
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
