// The rules of the game. No canvas, no clock, no chance of its own: a test plays it in no time, the same every time.

/**
 * @typedef {"punch" | "kick" | "squat" | "step" | "back" | "stand"} Action
 * @typedef {{kind: string, who: number, power?: number, text?: string}} Happening
 */

/** Seconds: `hit` is when a blow lands, `all` when the next action can come. Lengths in world units, the stage has 1000. */
const MOVES = Object.freeze({
  punch: { hit: 0.14, all: 0.4, reach: 196, power: 8, over: true },
  kick: { hit: 0.24, all: 0.62, reach: 236, power: 13, over: false },
  squat: { all: 0.75 },
  step: { all: 0.3, by: 95 },
  back: { all: 0.3, by: -95 },
  warn: { all: 0.5 },
  hurt: { all: 0.38, by: -54 },
  fall: { all: Infinity },
  cheer: { all: Infinity },
});
const WIDTH = 1000;
const APART = 146;
const EDGE = 70;
const HEALTH = 100;
const ROUND = 60;
const WINS = 2;
const BREAK = 2.6;

/** Numbers in 0..1 that are the same for the same seed (mulberry32). */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Fighter {
  constructor(number) {
    this.number = number;
    this.wins = 0;
    this.reset();
  }

  reset() {
    this.x = this.number ? WIDTH - 320 : 320;
    this.health = HEALTH;
    this.moving = null;
    this.since = 0;
    this.landed = false;
    this.next = null;
  }

  /** Which way forward is. */
  get facing() {
    return this.number ? -1 : 1;
  }

  get free() {
    return this.moving === null || this.since >= MOVES[this.moving].all;
  }

  start(move) {
    this.moving = move;
    this.since = 0;
    this.landed = false;
    this.from = this.x;
  }
}

export class Match {
  /** @param {number} seed of what the opponent does */
  constructor(seed) {
    this.random = chance(seed);
    this.fighters = [new Fighter(0), new Fighter(1)];
    this.state = "ready";
    this.round = 1;
    this.left = ROUND;
    this.wait = BREAK;
    this.think = 1;
    /** @type {Happening[]} */
    this.happened = [];
  }

  /** Begin, or begin again after the last round. */
  start() {
    if (this.state === "over") this.fighters.forEach((fighter) => (fighter.wins = 0));
    this.round = 1;
    this.begin();
  }

  begin() {
    this.fighters.forEach((fighter) => fighter.reset());
    this.state = "fight";
    this.left = ROUND;
    this.think = 1.2;
    this.happened.push({ kind: "round", who: 0, text: `Round ${this.round}` });
  }

  /**
   * Fighter `who` is to do something. While another action lasts it is kept, the newest one, for right after that.
   *
   * @param {number} who 0 is the player
   * @param {Action} action
   */
  act(who, action) {
    if (this.state !== "fight" || !(action in MOVES || action === "stand")) return;
    const fighter = this.fighters[who];
    if (fighter.moving === "hurt" && !fighter.free) return;
    if (action === "stand") {
      if (fighter.moving === "squat") fighter.since = Math.max(fighter.since, MOVES.squat.all - 0.12);
    } else if (fighter.free) {
      fighter.start(action);
    } else if (action === "squat" && fighter.moving === "squat") {
      fighter.since = Math.min(fighter.since, 0.15); // stays down
    } else {
      fighter.next = action;
    }
  }

  /**
   * Let `dt` seconds pass; what happened in them.
   *
   * @returns {Happening[]}
   */
  tick(dt) {
    if (this.state === "fight") this.fight(dt);
    else if (this.state === "break" && (this.wait -= dt) <= 0) this.begin();
    this.fighters.forEach((fighter) => this.move(fighter, dt));
    const { happened } = this;
    this.happened = [];
    return happened;
  }

  fight(dt) {
    this.left = Math.max(0, this.left - dt);
    this.oppose(dt);
    const [you, rival] = this.fighters;
    if (this.left > 0 && you.health > 0 && rival.health > 0) return;
    this.finish(you.health === rival.health ? -1 : you.health > rival.health ? 0 : 1);
  }

  finish(winner) {
    const decided = winner >= 0;
    if (decided) {
      this.fighters[winner].wins += 1;
      this.fighters[winner].start("cheer");
      this.fighters[1 - winner].start("fall");
    }
    const over = decided && this.fighters[winner].wins === WINS;
    this.state = over ? "over" : "break";
    this.wait = BREAK;
    this.round += 1;
    const won = ["You win", "The rival wins"][winner];
    this.happened.push({
      kind: over ? "over" : "end",
      who: winner,
      text: decided ? `${won}${over ? " the match!" : " the round"}` : "A draw",
    });
  }

  move(fighter, dt) {
    if (fighter.moving === null) return;
    const before = fighter.since;
    fighter.since += dt;
    const { by, hit, all } = MOVES[fighter.moving];
    if (by) this.shift(fighter, (by * Math.min(dt, Math.max(all - before, 0))) / all);
    if (hit && !fighter.landed && fighter.since >= hit) {
      fighter.landed = true;
      this.strike(fighter);
    }
    if (fighter.since >= all) {
      const next = fighter.moving === "warn" ? fighter.blow : fighter.next;
      fighter.next = null;
      fighter.moving = null;
      if (next && this.state === "fight") fighter.start(next);
    }
  }

  shift(fighter, by) {
    const other = this.fighters[1 - fighter.number];
    const wanted = fighter.x + fighter.facing * by;
    fighter.x = fighter.number
      ? Math.min(Math.max(wanted, other.x + APART), WIDTH - EDGE)
      : Math.max(Math.min(wanted, other.x - APART), EDGE);
  }

  /** A blow lands, if it reaches; a punch goes over whoever squats. */
  strike(fighter) {
    if (this.state !== "fight") return;
    const other = this.fighters[1 - fighter.number];
    const { reach, power, over } = MOVES[fighter.moving];
    const ducked = over && other.moving === "squat";
    if (ducked || Math.abs(other.x - fighter.x) > reach) {
      this.happened.push({ kind: ducked ? "ducked" : "missed", who: fighter.number });
      return;
    }
    other.health = Math.max(0, other.health - power);
    other.next = null;
    other.start("hurt");
    this.happened.push({ kind: fighter.moving, who: fighter.number, power });
  }

  /** What the opponent does: comes near, warns, strikes, ducks and steps back; faster from round to round. */
  oppose(dt) {
    const [you, rival] = this.fighters;
    this.think -= dt;
    if (this.think > 0 || !rival.free) return;
    const level = Math.min(this.round, 3);
    this.think = (0.6 + 1.1 * this.random()) / (0.6 + 0.2 * level);
    const distance = rival.x - you.x;
    const dice = this.random();
    if (distance > MOVES.kick.reach - 10) return void rival.start(dice < 0.85 ? "step" : "squat");
    if (you.moving === "punch" && dice < 0.12 * level) return void rival.start("squat");
    if (dice < 0.14) return void rival.start("back");
    rival.blow = this.random() < 0.6 && distance < MOVES.punch.reach ? "punch" : "kick";
    rival.start("warn");
    this.happened.push({ kind: "warn", who: 1 });
  }
}

export { HEALTH, MOVES, WIDTH, WINS };
