// The metadata of an ONNX file (ModelProto.metadata_props), read from its bytes.

const KEY = "handsign";
const METADATA = 14;

/**
 * The metadata that Python wrote into a bundle.
 *
 * @param {ArrayBuffer} file
 * @returns {Record<string, unknown>}
 * @throws {Error} the file is damaged or has no such metadata
 */
export function readMetadata(file) {
  for (const [number, value] of fields(new Uint8Array(file))) {
    if (number !== METADATA || !(value instanceof Uint8Array)) continue;
    const entry = new Map(fields(value));
    /** @type {(n: number) => string} */
    const text = (n) => new TextDecoder().decode(/** @type {Uint8Array<ArrayBuffer> | undefined} */ (entry.get(n)));
    if (text(1) === KEY) return JSON.parse(text(2));
  }
  throw new Error("it was not written by train.py: it has no metadata of handsign");
}

/**
 * The fields of a protobuf message in order. The value is given for length-delimited fields only, else 0.
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
  const skip = new Map([
    [0, varint],
    [1, () => (at += 8)],
    [5, () => (at += 4)],
  ]);
  while (at < bytes.length) {
    const tag = varint();
    const [number, wire] = [Math.floor(tag / 8), tag & 7];
    if (wire === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new Error("the file is damaged");
      yield [number, bytes.subarray(at, (at += length))];
      continue;
    }
    const advance = skip.get(wire);
    if (!advance) throw new Error("the file is not ONNX");
    advance();
    yield [number, 0];
  }
}
