// Does in JavaScript what tests/web/test_core.py asks for, on data that Python made: JSON in, JSON out.

import { readFileSync } from "node:fs";

const STATIC = new URL("../../handsign/web/static/", import.meta.url);
const load = (name) => import(new URL(`${name}.js`, STATIC));
const { resample } = await load("core/windows");
const { Trigger, isRest } = await load("core/trigger");
const { Layout } = await load("core/layout");
const { Recogniser } = await load("core/recogniser");
const { Forecaster } = await load("core/forecaster");
const { readMetadata } = await load("core/onnx");
const { toInfo } = await load("core/info");
const { resize, toSample } = await load("core/image");
const { defaultMap } = await load("core/actions");
const { base64 } = await load("core/recording");
const { inputShape } = await load("core/models");
const { handUp } = await load("tasks/sign");
const { fingertip } = await load("tasks/trajectory");

const rows = (samples) => samples.map((sample) => Float32Array.from(sample));
const plain = (array) => (array ? Array.from(array) : null);

function orError(result) {
  try {
    return result();
  } catch (error) {
    return { error: error.message };
  }
}

const answers = {
  resample: ({ samples, times, at, groups }) => plain(resample(rows(samples), times, at, groups)),

  trigger({ labels, config, predictions }) {
    const trigger = new Trigger(labels, toInfo({ format: 2, trigger: config }));
    return predictions.map(([t, probabilities]) => trigger.update(t, Float32Array.from(probabilities)));
  },

  gate: ({ layout, windows }) => windows.map((window) => handUp(Float32Array.from(window), new Layout(layout))),

  fingertip: ({ samples }) => rows(samples).map((sample) => plain(fingertip(sample))),

  /** The model of this test: the first values of the last sample are the probabilities. */
  async recognise({ metadata, frames }) {
    const info = toInfo(metadata);
    const layout = new Layout(info.layout);
    const predict = async (window) => window.slice(window.length - layout.size).slice(0, info.labels.length);
    const session = new Recogniser(info, predict, (window) => handUp(window, layout), layout.groups);
    const found = [];
    for (const [time, sample] of frames) {
      const { probabilities, event } = await session.update(time, Float32Array.from(sample));
      found.push({ probabilities: plain(probabilities), event });
    }
    return { found, sentence: session.sentence, minConsecutive: session.trigger.minConsecutive };
  },

  /** The model of this test predicts constant velocity. */
  async forecast({ metadata, frames }) {
    const forecast = async (window) => window.slice(-2).map((value, i) => 2 * value - window[window.length - 4 + i]);
    const session = new Forecaster(toInfo(metadata), forecast, []);
    const found = [];
    for (const [time, sample] of frames) {
      found.push(plain((await session.update(time, Float32Array.from(sample))).forecast));
    }
    return found;
  },

  metadata({ file }) {
    const { buffer, byteOffset, byteLength } = Buffer.from(file, "base64");
    return orError(() => readMetadata(buffer.slice(byteOffset, byteOffset + byteLength)));
  },

  info: ({ metadata, overrides }) => orError(() => toInfo(metadata, overrides)),
  resize: ({ pixels, from, to }) => plain(resize(pixels, from, to)),
  sample: ({ rgb, channels, white }) => plain(toSample(Uint8Array.from(rgb), channels, white)),
  map: ({ labels }) => defaultMap(labels, isRest),
  base64: ({ samples }) => base64(rows(samples)),
  shape: ({ own, info }) => inputShape(own, info),
};

const { ask, ...options } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await answers[ask](options)));
