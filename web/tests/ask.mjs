// Does in JavaScript what tests/test_web_core.py asks for, on data that Python made: JSON in, JSON out.

import { readFileSync } from "node:fs";

const CORE = new URL("../../handsign/web/static/core/", import.meta.url);
const load = (name) => import(new URL(`${name}.js`, CORE));
const { resample } = await load("windows");
const { Trigger, isRest } = await load("trigger");
const { Layout, fingertip, handUp } = await load("layout");
const { Recogniser } = await load("recogniser");
const { Forecaster } = await load("forecaster");
const { readInfo } = await load("onnx");
const { shrink, toSample } = await load("picture");
const { defaultMap } = await load("actions");
const { base64 } = await load("recording");
const { shapeFor } = await load("models");

const rows = (samples) => samples.map((sample) => Float32Array.from(sample));
const plain = (array) => (array ? Array.from(array) : null);

const answers = {
  resample: ({ samples, times, at, groups }) => plain(resample(rows(samples), times, at, groups)),

  trigger({ labels, levels, looks }) {
    const trigger = new Trigger(labels, levels);
    return looks.map(([t, probabilities]) => trigger.see(t, Float32Array.from(probabilities)));
  },

  gate: ({ layout, windows }) => windows.map((window) => handUp(Float32Array.from(window), new Layout(layout))),

  fingertip: ({ layout, samples }) => rows(samples).map((sample) => plain(fingertip(sample, new Layout(layout)))),

  /** The model of this test: the first values of the last sample are the probabilities. */
  async recognise({ info, frames }) {
    const layout = new Layout(info.layout);
    const predict = async (window) => window.slice(window.length - layout.size).slice(0, info.labels.length);
    const mind = new Recogniser(info, predict, (window) => handUp(window, layout), layout.groups);
    const found = [];
    for (const [time, sample] of frames) {
      const { scores, event } = await mind.see(time, Float32Array.from(sample));
      found.push({ scores: plain(scores), event });
    }
    return { found, sentence: mind.sentence, hold: mind.trigger.hold };
  },

  /** The model of this test goes on with constant speed. */
  async forecast({ info, frames }) {
    const ahead = async (window) => window.slice(-2).map((value, i) => 2 * value - window[window.length - 4 + i]);
    const mind = new Forecaster(info, ahead, []);
    const found = [];
    for (const [time, sample] of frames) found.push(plain((await mind.see(time, Float32Array.from(sample))).ahead));
    return found;
  },

  info({ file }) {
    const { buffer, byteOffset, byteLength } = Buffer.from(file, "base64");
    try {
      return readInfo(buffer.slice(byteOffset, byteOffset + byteLength));
    } catch (error) {
      return { error: error.message };
    }
  },

  shrink: ({ pixels, from, to }) => plain(shrink(pixels, from, to)),
  sample: ({ rgb, channels, white }) => plain(toSample(Uint8Array.from(rgb), channels, white)),
  map: ({ labels }) => defaultMap(labels, isRest),
  base64: ({ samples }) => base64(rows(samples)),
  shape: ({ own, info }) => shapeFor(own, info),
};

const { ask, ...told } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await answers[ask](told)));
