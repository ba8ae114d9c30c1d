// What is drawn over the picture: landmarks, paths, films. Left and right differ in colour and in shape.

import { HOLISTIC } from "./watchers.js";

const LEFT = "#56b4e9"; // Okabe and Ito's colours, which nobody mixes up
const RIGHT = "#e69f00";
const BODY = "#f5f7fa";
const EDGE = "#10141cb0";

/**
 * The landmarks of a sample.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} sample 1662 keypoints
 * @param {Record<"pose" | "face" | "hand", [number, number][]>} strokes
 */
export function landmarks(pen, sample, strokes) {
  lines(pen, sample, "face", strokes.face, BODY, 1);
  lines(pen, sample, "pose", strokes.pose, BODY, 3);
  lines(pen, sample, "left_hand", strokes.hand, LEFT, 3);
  lines(pen, sample, "right_hand", strokes.hand, RIGHT, 3);
  marks(pen, sample, "left_hand", LEFT, (x, y) => pen.arc(x, y, 4, 0, 2 * Math.PI));
  marks(pen, sample, "right_hand", RIGHT, (x, y) => pen.rect(x - 4, y - 4, 8, 8));
}

function place(pen, sample, part, landmark) {
  const { width, height } = pen.canvas;
  return [HOLISTIC.at(sample, part, landmark, "x") * width, HOLISTIC.at(sample, part, landmark, "y") * height];
}

function lines(pen, sample, part, strokes, colour, width) {
  if (!HOLISTIC.has(sample, part)) return;
  const seen = (landmark) => part !== "pose" || HOLISTIC.at(sample, part, landmark, "visibility") > 0.5;
  pen.beginPath();
  for (const [from, to] of strokes) {
    if (!seen(from) || !seen(to)) continue;
    pen.moveTo(...place(pen, sample, part, from));
    pen.lineTo(...place(pen, sample, part, to));
  }
  edged(pen, colour, width);
}

function marks(pen, sample, part, colour, shape) {
  if (!HOLISTIC.has(sample, part)) return;
  for (let landmark = 0; landmark < 21; landmark++) {
    pen.beginPath();
    shape(...place(pen, sample, part, landmark));
    pen.fillStyle = colour;
    pen.fill();
    pen.strokeStyle = EDGE;
    pen.lineWidth = 1;
    pen.stroke();
  }
}

/** Stroke the path that was begun, with a dark edge that shows on any picture. */
function edged(pen, colour, width) {
  pen.lineCap = pen.lineJoin = "round";
  for (const [style, wide] of [
    [EDGE, width + 2],
    [colour, width],
  ]) {
    pen.strokeStyle = style;
    pen.lineWidth = wide;
    pen.stroke();
  }
}

/** Where a point was (a line) and where it goes (dots that fade), as shares of the picture. */
export function path(pen, seen, ahead) {
  const { width, height } = pen.canvas;
  pen.beginPath();
  for (let i = 0; i < seen.length; i += 2) pen.lineTo(seen[i] * width, seen[i + 1] * height);
  edged(pen, LEFT, 4);
  if (!ahead) return;
  const steps = ahead.length / 2;
  for (let i = 0; i < steps; i += 2) {
    pen.beginPath();
    pen.arc(ahead[2 * i] * width, ahead[2 * i + 1] * height, 4, 0, 2 * Math.PI);
    pen.globalAlpha = 1 - (0.85 * i) / steps;
    pen.fillStyle = RIGHT;
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/** Grey pictures in 0..1 side by side on a canvas, which becomes as large as they are. */
export function film(canvas, pictures, [height, width]) {
  const count = pictures.length / (height * width);
  canvas.width = count * width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(canvas.width, height);
  for (let i = 0; i < pictures.length; i++) {
    const [number, inside] = [Math.floor(i / (height * width)), i % (height * width)];
    const at = 4 * (Math.floor(inside / width) * canvas.width + number * width + (inside % width));
    image.data.fill(255 * pictures[i], at, at + 3);
    image.data[at + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
}
