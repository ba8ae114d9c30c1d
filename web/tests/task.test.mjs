// Adding a task to the page is adding one file in tasks/; a task without one is taken from a model's metadata.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "handsign-"));
after(() => rmSync(folder, { recursive: true }));
for (const name of ["core", "tasks"]) {
  cpSync(new URL(`../../handsign/web/static/${name}`, import.meta.url), join(folder, name), { recursive: true });
}
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
writeFileSync(
  join(folder, "tasks/height.js"),
  `import { HOLISTIC } from "../core/layout.js";
   export default {
     title: "Height",
     hint: "Duck.",
     sensor: "keypoints",
     question: "classification",
     adapt: (keypoints) => Float32Array.of(HOLISTIC.at(keypoints, "pose", 0, "y")),
     gate: (window) => window.every((y) => y > 0),
   };`,
);
const load = (name) => import(pathToFileURL(join(folder, `core/${name}.js`)).href);
const { loadTask } = await load("task");
const { Watcher } = await load("watcher");
const { toInfo } = await load("info");

const METADATA = { format: 1, labels: ["low", "nothing"], window: 2, rate: 10, threshold: 0.5, release: 0.4 };

/** The results of frames with the nose at the heights, ten per second. */
async function watch(info, task, predict, heights) {
  const frames = heights.map((y) => {
    const keypoints = new Float32Array(1662);
    keypoints.set([0.5, y, 0, 1]);
    return keypoints;
  });
  const watcher = new Watcher({ info, task, predict }, { sample: async (frame) => frame });
  const results = [];
  for (const [i, frame] of frames.entries()) results.push(await watcher.onImage(i / 10, frame));
  return results;
}

test("a task is one module: its samples, its gate and its model's events", async () => {
  const info = toInfo({ ...METADATA, task: "height", sample: [1], min_consecutive: 2, refractory: 0.1 });
  const predict = async (window) => Float32Array.of(window[1], 1 - window[1]);
  const results = await watch(info, await loadTask(info, ["height"]), predict, [0, 0, 0.9, 0.9, 0.9, 0.9]);
  assert.deepEqual(
    results.map(({ state }) => state),
    ["filling", "rest", "rest", "active", "active", "active"],
  );
  assert.deepEqual(
    results.flatMap(({ event }) => (event ? [event.label] : [])),
    ["low"],
  );
});

test("without a module the shape of a sample gives the sensor", async () => {
  const info = toInfo({ ...METADATA, task: "waving", sample: [1662], hold: 1, rearm: 0.1 });
  const task = await loadTask(info, ["height"]);
  assert.deepEqual([task.title, task.sensor, task.question], ["waving", "keypoints", "classification"]);
  const results = await watch(info, task, async () => Float32Array.of(0.9, 0.1), [0.5, 0.5]);
  assert.equal(results[1].event.label, "low");
  const film = await loadTask({ task: "film", sample: [40, 40], predictionIntervals: [[0.1, 0.2, 0.3]] }, []);
  assert.deepEqual([film.sensor, film.question, film.steps], ["image", "forecast", 3]);
  assert.equal(await loadTask({ task: "mouse", sample: [4] }, []), null);
});

test("only modules that the manifest lists are loaded", async () => {
  assert.equal(await loadTask({ task: "../core/layout", sample: [4] }, ["height"]), null);
});
