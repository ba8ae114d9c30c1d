// Drawing over the image: landmarks and films. Left and right differ in colour and in shape.

import { context2d } from "./dom.js";
import { HOLISTIC } from "./layout.js";

// Of the palette of Okabe and Ito, which people with colour blindness can tell apart.
export const LEFT = "#56b4e9";
export const RIGHT = "#e69f00";
const BODY = "#f5f7fa";
const EDGE = "#10141cb0";

/**
 * Draw the landmarks of a sample.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} sample (1662,)
 * @param {import("./keypoints.js").Bones} bones
 */
export function drawLandmarks(pen, sample, bones) {
  drawBones(pen, sample, "face", bones.face, BODY, 1);
  drawBones(pen, sample, "pose", bones.pose, BODY, 3);
  drawBones(pen, sample, "left_hand", bones.hand, LEFT, 3);
  drawBones(pen, sample, "right_hand", bones.hand, RIGHT, 3);
  drawPoints(pen, sample, "left_hand", LEFT, (x, y) => pen.arc(x, y, 4, 0, 2 * Math.PI));
  drawPoints(pen, sample, "right_hand", RIGHT, (x, y) => pen.rect(x - 4, y - 4, 8, 8));
}

/**
 * The position of a landmark in pixels.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} sample
 * @param {string} part
 * @param {number} landmark
 * @returns {[number, number]}
 */
function position(pen, sample, part, landmark) {
  const { width, height } = pen.canvas;
  return [HOLISTIC.at(sample, part, landmark, "x") * width, HOLISTIC.at(sample, part, landmark, "y") * height];
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} sample
 * @param {string} part
 * @param {[number, number][]} bones
 * @param {string} colour
 * @param {number} width in pixels
 */
function drawBones(pen, sample, part, bones, colour, width) {
  if (!HOLISTIC.has(sample, part)) return;
  /** @param {number} landmark */
  const visible = (landmark) => part !== "pose" || HOLISTIC.at(sample, part, landmark, "visibility") > 0.5;
  pen.beginPath();
  for (const [from, to] of bones) {
    if (!visible(from) || !visible(to)) continue;
    pen.moveTo(...position(pen, sample, part, from));
    pen.lineTo(...position(pen, sample, part, to));
  }
  stroke(pen, colour, width);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} sample
 * @param {string} part
 * @param {string} colour
 * @param {(x: number, y: number) => void} shape adds a mark to the current path
 */
function drawPoints(pen, sample, part, colour, shape) {
  if (!HOLISTIC.has(sample, part)) return;
  for (let landmark = 0; landmark < HOLISTIC.points(part); landmark++) {
    pen.beginPath();
    shape(...position(pen, sample, part, landmark));
    pen.fillStyle = colour;
    pen.fill();
    pen.strokeStyle = EDGE;
    pen.lineWidth = 1;
    pen.stroke();
  }
}

/**
 * Stroke the current path, with a dark edge that contrasts with any image.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {string} colour
 * @param {number} width in pixels
 */
export function stroke(pen, colour, width) {
  pen.lineCap = pen.lineJoin = "round";
  for (const [style, wide] of /** @type {[string, number][]} */ ([
    [EDGE, width + 2],
    [colour, width],
  ])) {
    pen.strokeStyle = style;
    pen.lineWidth = wide;
    pen.stroke();
  }
}

/**
 * Draw grey frames side by side on a canvas of their size.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} frames (n * height * width,) in 0..1
 * @param {number[]} shape height and width of a frame
 */
export function drawFilm(canvas, frames, [height, width]) {
  const count = frames.length / (height * width);
  canvas.width = count * width;
  canvas.height = height;
  const pen = context2d(canvas);
  const image = pen.createImageData(canvas.width, height);
  for (let i = 0; i < frames.length; i++) {
    const [frame, inside] = [Math.floor(i / (height * width)), i % (height * width)];
    const at = 4 * (Math.floor(inside / width) * canvas.width + frame * width + (inside % width));
    image.data.fill(255 * frames[i], at, at + 3);
    image.data[at + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
}
