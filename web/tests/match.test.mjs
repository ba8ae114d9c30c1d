// The rules of the game, without a canvas or a clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HEALTH, Match, MOVES, WINS } from "../../handsign/web/static/game/match.js";
import { joints, poseOf } from "../../handsign/web/static/game/poses.js";

/** A match that has begun, with a rival that does not move, at a distance of `apart`. */
function begun(apart = 150) {
  const match = new Match(1);
  match.start();
  match.oppose = () => {};
  match.fighters[1].x = match.fighters[0].x + apart;
  match.tick(0);
  return match;
}

function pass(match, seconds) {
  const happened = [];
  for (let left = seconds; left > 1e-9; left -= 1 / 60) happened.push(...match.tick(1 / 60));
  return happened.map(({ kind }) => kind);
}

test("nothing moves before the match begins", () => {
  const match = new Match(1);
  match.act(0, "punch");
  assert.equal(match.fighters[0].moving, null);
});

test("a punch lands once, hurts and pushes back", () => {
  const match = begun();
  const [, rival] = match.fighters;
  const from = rival.x;
  match.act(0, "punch");
  assert.deepEqual(pass(match, 1), ["punch"]);
  assert.equal(rival.health, HEALTH - MOVES.punch.power);
  assert.ok(rival.x > from);
});

test("a punch goes over whoever squats, a kick does not", () => {
  const match = begun();
  for (const [blow, happens] of [
    ["punch", "ducked"],
    ["kick", "kick"],
  ]) {
    match.fighters[1].start("squat");
    match.act(0, blow);
    assert.deepEqual(pass(match, 1), [happens]);
  }
});

test("a kick reaches further than a punch, and nothing reaches everywhere", () => {
  const between = (MOVES.punch.reach + MOVES.kick.reach) / 2;
  for (const [apart, blow, happens] of [
    [between, "punch", "missed"],
    [between, "kick", "kick"],
    [500, "kick", "missed"],
  ]) {
    const match = begun(apart);
    match.act(0, blow);
    assert.deepEqual(pass(match, 1), [happens]);
  }
});

test("the newest action waits for the one before it", () => {
  const match = begun(500);
  match.act(0, "kick");
  match.act(0, "squat");
  match.act(0, "step");
  pass(match, MOVES.kick.all - 0.1);
  assert.equal(match.fighters[0].moving, "kick");
  pass(match, 0.2);
  assert.equal(match.fighters[0].moving, "step");
});

test("standing ends a squat, and squatting again keeps down", () => {
  const [up, down] = [begun(), begun()];
  for (const match of [up, down]) match.act(0, "squat");
  pass(up, 0.3);
  up.act(0, "stand");
  pass(up, 0.2);
  assert.equal(up.fighters[0].moving, null);
  for (let i = 0; i < 4; i++) {
    pass(down, 0.4);
    down.act(0, "squat");
  }
  assert.equal(down.fighters[0].moving, "squat");
});

test("steps stay on the stage and do not go through the other", () => {
  const match = begun();
  for (let i = 0; i < 30; i++) {
    match.act(0, "step");
    pass(match, 0.4);
  }
  const [you, rival] = match.fighters;
  assert.ok(you.x < rival.x);
  for (let i = 0; i < 30; i++) {
    match.act(0, "back");
    pass(match, 0.4);
  }
  assert.ok(you.x > 0);
});

test("a match is over after enough rounds, and can be played again", () => {
  const match = begun();
  for (let round = 1; round <= WINS; round++) {
    match.fighters[1].health = 1;
    match.fighters[1].x = match.fighters[0].x + 150;
    match.act(0, "punch");
    const happened = pass(match, 1);
    assert.ok(happened.includes(round === WINS ? "over" : "end"));
    pass(match, 3);
  }
  assert.equal(match.state, "over");
  assert.equal(match.fighters[0].moving, "cheer");
  match.start();
  assert.equal(match.state, "fight");
  assert.equal(match.fighters[0].wins, 0);
});

test("time ends a round: who has more health wins it, nobody when both have the same", () => {
  const match = begun();
  match.fighters[1].health -= 1;
  pass(match, 61);
  assert.equal(match.fighters[0].wins, 1);
  const draw = begun();
  pass(draw, 61);
  assert.deepEqual(
    draw.fighters.map(({ wins }) => wins),
    [0, 0],
  );
});

test("the opponent comes near, warns before every blow, and plays the same for the same seed", () => {
  const play = () => {
    const match = new Match(3);
    match.start();
    return { happened: pass(match, 20), health: match.fighters[0].health };
  };
  const { happened, health } = play();
  assert.ok(health < HEALTH);
  const blows = happened.filter((kind) => ["punch", "kick", "missed", "ducked"].includes(kind)).length;
  assert.ok(happened.filter((kind) => kind === "warn").length >= blows);
  assert.deepEqual(play(), { happened, health });
});

test("every pose has joints that are connected, at every time of every move", () => {
  for (const move of [null, ...Object.keys(MOVES)]) {
    for (let since = 0; since < 1; since += 0.05) {
      const { hip, shoulder, ...limbs } = joints(poseOf(move, since, 0));
      for (const value of [...hip, ...shoulder, ...Object.values(limbs).flat(2)]) assert.ok(Number.isFinite(value));
      assert.ok(Math.abs(Math.hypot(limbs.near[0][0] - shoulder[0], limbs.near[0][1] - shoulder[1]) - 64) < 1e-6);
    }
  }
});
