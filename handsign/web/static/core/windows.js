// Windows over samples in time: handsign/windows.py, the same numbers to the bit (tests/test_web_core.py).

/**
 * Samples at `times` (T seconds), as they would stand at the times `at`: linear in time, ends held. A group of columns
 * that is all zeros in one of the two neighbours is missing there, and the nearer neighbour is taken.
 *
 * @param {Float32Array[]} samples T samples of `size` values
 * @param {number[]} times
 * @param {number[]} at
 * @param {[number, number][]} groups first and end columns of what is missing together
 * @returns {Float32Array} at.length x size
 */
export function resample(samples, times, at, groups = []) {
  const size = samples[0].length;
  const out = new Float32Array(at.length * size);
  if (times.length === at.length && times.every((time, i) => time === at[i])) {
    samples.forEach((sample, i) => out.set(sample, i * size));
    return out;
  }
  at.forEach((time, row) => {
    const [left, right, weight] = neighbours(times, time);
    const [before, after, nearest] = [samples[left], samples[right], samples[weight < 0.5 ? left : right]];
    const mixed = out.subarray(row * size, (row + 1) * size);
    const share = Math.fround(weight);
    for (let i = 0; i < size; i++) {
      mixed[i] = before[i] + Math.fround(Math.fround(after[i] - before[i]) * share);
    }
    for (const [first, end] of groups) {
      if (!(present(before, first, end) && present(after, first, end))) {
        mixed.set(nearest.subarray(first, end), first);
      }
    }
  });
  return out;
}

/** Which samples stand to the left and right of a time, and how far it is to the right one, from 0 to 1. */
function neighbours(times, at) {
  const found = times.findIndex((time) => time >= at);
  const position = found < 0 ? times.length : found;
  const right = Math.min(Math.max(position, 1), Math.max(times.length - 1, 1));
  const left = right - 1;
  const inside = Math.min(right, times.length - 1);
  const span = times[inside] > times[left] ? times[inside] - times[left] : 1;
  return [left, inside, Math.min(Math.max((at - times[left]) / span, 0), 1)];
}

/** Whether a sample has anything in the columns first..end. */
export function present(sample, first, end) {
  for (let i = first; i < end; i++) {
    if (sample[i] !== 0) return true;
  }
  return false;
}

/**
 * The samples that still matter for a window that ends now: session.Recognising keeps the same ones.
 */
export class Recent {
  /**
   * @param {number} window samples
   * @param {number} rate samples a second
   */
  constructor(window, rate) {
    this.offsets = Array.from({ length: window }, (_, i) => (i - (window - 1)) / rate);
    this.span = -this.offsets[0];
    this.clear();
  }

  clear() {
    this.times = [];
    this.samples = [];
  }

  /**
   * Add the sample of a time; the window that ends there, or null until there is a whole one.
   *
   * @returns {Float32Array | null}
   */
  add(time, sample, groups = []) {
    const gap = time - this.times.at(-1);
    if (this.times.length && !(gap > 0 && gap <= Math.max(this.span / 2, 0.5))) this.clear();
    this.times.push(time);
    this.samples.push(sample);
    while (this.times.length > 1 && this.times[1] <= time - this.span) {
      this.times.shift();
      this.samples.shift();
    }
    if (this.times[0] > time - this.span + 1e-6) return null;
    const at = this.offsets.map((offset) => time + offset);
    return resample(this.samples, this.times, at, groups);
  }
}
