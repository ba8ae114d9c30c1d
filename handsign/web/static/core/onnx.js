// What a bundle says about itself: ONNX's metadata (ModelProto.metadata_props), read from the file's own bytes.

const KEY = "handsign";
const FORMAT = 1;
const METADATA = 14;

/**
 * @typedef {{task: string, labels: string[], window: number, rate: number, sample: number[],
 *   layout: [string, number, string[]][], threshold: number, hold: number, rearm: number, release: number,
 *   quiet?: number | null, stand?: string, every?: number, format: number, gate?: boolean}} Info
 */

/**
 * The info that bundle.py wrote into an ONNX file.
 *
 * @param {ArrayBuffer} file
 * @returns {Info}
 */
export function readInfo(file) {
  for (const [number, value] of fields(new Uint8Array(file))) {
    if (number !== METADATA || !(value instanceof Uint8Array)) continue;
    const entry = new Map(fields(value));
    const text = (n) => new TextDecoder().decode(entry.get(n));
    if (text(1) === KEY) return known(JSON.parse(text(2)));
  }
  throw new Error("it was not made by train.py: it says nothing about what it is for");
}

function known(info) {
  if (info.format !== FORMAT) throw new Error(`it has format ${info.format}, this page reads ${FORMAT}`);
  return info;
}

/**
 * The fields of a protobuf message, one after another; of other wire types than lengths only the number is given.
 *
 * @param {Uint8Array} bytes
 * @returns {Generator<[number, Uint8Array | number]>}
 */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      if (at >= bytes.length) throw new Error("the file is damaged");
      const byte = bytes[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const skip = { 0: varint, 1: () => (at += 8), 5: () => (at += 4) };
  while (at < bytes.length) {
    const tag = varint();
    const [number, wire] = [Math.floor(tag / 8), tag & 7];
    if (wire === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new Error("the file is damaged");
      yield [number, bytes.subarray(at, (at += length))];
    } else if (wire in skip) {
      yield [number, skip[wire]()];
    } else {
      throw new Error("the file is no ONNX");
    }
  }
}
