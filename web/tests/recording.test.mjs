// Takes: every picture of the camera belongs to one, however long it takes to read them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { record } from "../../handsign/web/static/core/recording.js";

/** A camera of ten pictures a second, which shows some of them twice, and what became of its pictures. */
function camera() {
  const closed = [];
  let number = -1;
  return {
    closed,
    size: [640, 480],
    tick: async () => Math.floor(++number / 2) / 10,
    picture: async () => ({ number: Math.floor(number / 2), close: () => closed.push(number) }),
  };
}

test("a take holds every picture once, and they are read when it is over", async () => {
  const events = [];
  const sense = async ({ number }) => {
    events.push("read");
    return Float32Array.of(number);
  };
  const take = await record(camera(), sense, 1, new AbortController().signal, (_, what) => events.push(what));
  assert.deepEqual(
    take.times.map((time) => Math.round(10 * time)),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.deepEqual(
    take.samples.map(([number]) => number),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.ok(events.lastIndexOf("recording") < events.indexOf("read"));
});

test("a take that is stopped is none, and lets go of its pictures", async () => {
  const [own, stop] = [camera(), new AbortController()];
  const tell = (share) => share >= 0.5 && stop.abort();
  assert.equal(await record(own, async () => Float32Array.of(0), 1, stop.signal, tell), null);
  assert.equal(own.closed.length, 6);
});
