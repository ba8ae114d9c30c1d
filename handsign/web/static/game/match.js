// The rules of the game. They use neither the canvas nor the clock, and random numbers with a seed: tests are repeatable.

/**
 * @typedef {"punch" | "kick" | "squat" | "step" | "back"} PlayerMove
 * @typedef {PlayerMove | "stand"} Action
 * @typedef {PlayerMove | "warn" | "hurt" | "fall" | "cheer"} Move
 * @typedef {{kind: string, who: number, power?: number, text?: string}} GameEvent `who`: 0 the player, 1 the rival, -1
 *   nobody
 */

/**
 * `all`: seconds until the next move; `hit`: seconds until a blow lands; `reach` and `by` (displacement) in world units,
 * of which the stage has 1000; `power` of a hit in points; `over`: it misses a figure that squats.
 *
 * @type {Readonly<Record<Move, {all: number, hit?: number, reach?: number, power?: number, over?: boolean, by?: number}>>}
 */
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
/** Of the stage; the minimum distance between the fighters, and from them to its edges; all in world units. */
const WIDTH = 1000;
const APART = 146;
const EDGE = 70;
/** Points. */
const HEALTH = 100;
/** Seconds of a round, and between two. */
const ROUND = 60;
const BREAK = 2.6;
/** Rounds that win the match. */
const WINS = 2;

/**
 * Random numbers in 0..1 (mulberry32).
 *
 * @param {number} seed
 */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Fighter {
  wins = 0;
  x = 0;
  health = HEALTH;
  /** @type {Move | null} */
  moving = null;
  /** Seconds since the move started. */
  since = 0;
  /** Whether the blow has landed. */
  landed = false;
  /** @type {Move | null} the move after this one */
  next = null;
  /** @type {Move} the blow after a warning */
  blow = "punch";

  /** @param {number} number 0 for the left one, which is the player */
  constructor(number) {
    this.number = number;
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

  /** The direction of forward on the stage: 1 or -1. */
  get facing() {
    return this.number ? -1 : 1;
  }

  get free() {
    return this.moving === null || this.since >= MOVES[this.moving].all;
  }

  /** @param {Move} move */
  start(move) {
    this.moving = move;
    this.since = 0;
    this.landed = false;
  }
}

export class Match {
  /** @param {number} seed of the rival's moves */
  constructor(seed) {
    this.random = generator(seed);
    this.fighters = [new Fighter(0), new Fighter(1)];
    /** @type {"ready" | "fight" | "break" | "over"} */
    this.state = "ready";
    this.round = 1;
    this.left = ROUND;
    this.wait = BREAK;
    this.think = 1;
    /** @type {GameEvent[]} since the last tick */
    this.events = [];
  }

  /** Begin a match. */
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
    this.events.push({ kind: "round", who: 0, text: `Round ${this.round}` });
  }

  /**
   * Start an action. During another one the latest action is kept, to follow it.
   *
   * @param {number} who 0 for the player
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
   * Let time pass.
   *
   * @param {number} dt seconds
   * @returns {GameEvent[]} what happened
   */
  tick(dt) {
    if (this.state === "fight") this.fight(dt);
    else if (this.state === "break" && (this.wait -= dt) <= 0) this.begin();
    this.fighters.forEach((fighter) => this.move(fighter, dt));
    const { events } = this;
    this.events = [];
    return events;
  }

  /** @param {number} dt */
  fight(dt) {
    this.left = Math.max(0, this.left - dt);
    this.oppose(dt);
    const [you, rival] = this.fighters;
    if (this.left > 0 && you.health > 0 && rival.health > 0) return;
    this.finish(you.health === rival.health ? -1 : you.health > rival.health ? 0 : 1);
  }

  /** @param {number} winner -1 for a draw */
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
    this.events.push({
      kind: over ? "over" : "end",
      who: winner,
      text: decided ? `${won}${over ? " the match!" : " the round"}` : "A draw",
    });
  }

  /**
   * @param {Fighter} fighter
   * @param {number} dt
   */
  move(fighter, dt) {
    if (fighter.moving === null) return;
    const before = fighter.since;
    fighter.since += dt;
    const { by, hit, all } = MOVES[fighter.moving];
    if (by) this.shift(fighter, (by * Math.min(dt, Math.max(all - before, 0))) / all);
    if (hit && !fighter.landed && fighter.since >= hit) {
      fighter.landed = true;
      this.land(fighter);
    }
    if (fighter.since >= all) {
      const next = fighter.moving === "warn" ? fighter.blow : fighter.next;
      fighter.next = null;
      fighter.moving = null;
      if (next && this.state === "fight") fighter.start(next);
    }
  }

  /**
   * @param {Fighter} fighter
   * @param {number} by forward
   */
  shift(fighter, by) {
    const other = this.fighters[1 - fighter.number];
    const wanted = fighter.x + fighter.facing * by;
    fighter.x = fighter.number
      ? Math.min(Math.max(wanted, other.x + APART), WIDTH - EDGE)
      : Math.max(Math.min(wanted, other.x - APART), EDGE);
  }

  /**
   * A blow lands if it reaches the other; a punch misses a figure that squats.
   *
   * @param {Fighter} fighter
   */
  land(fighter) {
    if (this.state !== "fight" || !fighter.moving) return;
    const other = this.fighters[1 - fighter.number];
    const { reach = 0, power = 0, over = false } = MOVES[fighter.moving];
    const ducked = over && other.moving === "squat";
    if (ducked || Math.abs(other.x - fighter.x) > reach) {
      this.events.push({ kind: ducked ? "ducked" : "missed", who: fighter.number });
      return;
    }
    other.health = Math.max(0, other.health - power);
    other.next = null;
    other.start("hurt");
    this.events.push({ kind: fighter.moving, who: fighter.number, power });
  }

  /**
   * The rival's moves: it comes near, warns before a blow, squats and steps back; faster from round to round.
   *
   * @param {number} dt
   */
  oppose(dt) {
    const [you, rival] = this.fighters;
    this.think -= dt;
    if (this.think > 0 || !rival.free) return;
    const level = Math.min(this.round, 3);
    this.think = (0.6 + 1.1 * this.random()) / (0.6 + 0.2 * level);
    const distance = rival.x - you.x;
    const { reach = 0 } = MOVES.kick;
    const dice = this.random();
    if (distance > reach - 10) return void rival.start(dice < 0.85 ? "step" : "squat");
    if (you.moving === "punch" && dice < 0.12 * level) return void rival.start("squat");
    if (dice < 0.14) return void rival.start("back");
    rival.blow = this.random() < 0.6 && distance < (MOVES.punch.reach ?? 0) ? "punch" : "kick";
    rival.start("warn");
    this.events.push({ kind: "warn", who: 1 });
  }
}

export { HEALTH, MOVES, WIDTH, WINS };
