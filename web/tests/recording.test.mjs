// Takes: no image of the camera is dropped, however long its sample takes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { record } from "../../handsign/web/static/core/recording.js";

/** A camera of ten images per second that gives each of them twice; `closed` has the images that were closed. */
function camera() {
  const closed = [];
  let number = -1;
  return {
    closed,
    size: [640, 480],
    tick: async () => Math.floor(++number / 2) / 10,
    image: async () => ({ number: Math.floor(number / 2), close: () => closed.push(number) }),
  };
}

test("a take holds every image once, and their samples are computed when it is over", async () => {
  const events = [];
  const toSample = async ({ number }) => {
    events.push("sample");
    return Float32Array.of(number);
  };
  const take = await record(camera(), toSample, 1, new AbortController().signal, (_, phase) => events.push(phase));
  assert.deepEqual(
    take.times.map((time) => Math.round(10 * time)),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.deepEqual(
    take.samples.map(([number]) => number),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.ok(events.lastIndexOf("recording") < events.indexOf("sample"));
});

test("an aborted take is null, and its images are closed", async () => {
  const [own, stop] = [camera(), new AbortController()];
  const onProgress = (share) => share >= 0.5 && stop.abort();
  assert.equal(await record(own, async () => Float32Array.of(0), 1, stop.signal, onProgress), null);
  assert.equal(own.closed.length, 6);
});
