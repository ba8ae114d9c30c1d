// Windows over samples in time: windows.py, with the same numbers to the bit.

/**
 * Samples at `times`, interpolated linearly to the times `at`; the first and last sample hold beyond the ends. A group
 * of columns that is all zeros in one of the two neighbours is missing there: it is copied from the nearer neighbour.
 *
 * @param {Float32Array[]} samples T x (size,)
 * @param {number[]} times (T,) seconds, increasing
 * @param {number[]} at (n,) seconds
 * @param {[number, number][]} groups first and end columns that are missing together
 * @returns {Float32Array} (n * size,)
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

/**
 * The indices of the samples left and right of a time, and the weight of the right one in 0..1.
 *
 * @param {number[]} times
 * @param {number} at
 */
function neighbours(times, at) {
  const found = times.findIndex((time) => time >= at);
  const position = found < 0 ? times.length : found;
  const right = Math.min(Math.max(position, 1), Math.max(times.length - 1, 1));
  const left = right - 1;
  const inside = Math.min(right, times.length - 1);
  const span = times[inside] > times[left] ? times[inside] - times[left] : 1;
  return [left, inside, Math.min(Math.max((at - times[left]) / span, 0), 1)];
}

/**
 * Whether any of the columns first..end of a sample is not zero.
 *
 * @param {Float32Array} sample
 * @param {number} first
 * @param {number} end
 */
export function present(sample, first, end) {
  for (let i = first; i < end; i++) {
    if (sample[i] !== 0) return true;
  }
  return false;
}

/** The samples that a window ending now needs: the same ones as the sessions in Python keep. */
export class SampleBuffer {
  /**
   * @param {number} window samples
   * @param {number} rate samples per second
   */
  constructor(window, rate) {
    this.offsets = Array.from({ length: window }, (_, i) => (i - (window - 1)) / rate);
    this.span = -this.offsets[0];
    /** @type {number[]} */
    this.times = [];
    /** @type {Float32Array[]} */
    this.samples = [];
  }

  clear() {
    this.times = [];
    this.samples = [];
  }

  /**
   * Add a sample; a gap in time longer than half a window and half a second clears the buffer.
   *
   * @param {number} time seconds
   * @param {Float32Array} sample (size,)
   * @param {[number, number][]} groups see `resample`
   * @returns {Float32Array | null} the window (window * size,) that ends at `time`; null until it is full
   */
  add(time, sample, groups = []) {
    const gap = time - (this.times.at(-1) ?? -Infinity);
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
