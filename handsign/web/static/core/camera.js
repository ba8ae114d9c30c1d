// The camera: images with their times.

const CONSTRAINTS = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };

/** @type {Partial<Record<string, string>>} */
const REASONS = {
  NotAllowedError: "The camera was refused. Allow it in the address bar of the browser, then try again.",
  NotFoundError: "There is no camera. Plug one in, then try again.",
  NotReadableError: "The camera is in use. Close other programs that use it, then try again.",
  OverconstrainedError: "That camera is gone. Choose another one.",
};

/**
 * Why the camera could not be opened, and what to do about it.
 *
 * @param {Error} error of `Camera.open`
 */
export function explain(error) {
  if (!window.isSecureContext) {
    return "Browsers give the camera to https and localhost only. Open this page on the machine itself, or start the server with --tls-cert and --tls-key.";
  }
  return REASONS[error.name] ?? `The camera could not be opened (${error.message}).`;
}

export class Camera {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {() => void} called when the camera is unplugged */
    this.onEnd = () => {};
  }

  get on() {
    return this.stream !== null;
  }

  /** @param {string} device of `devices`; empty for the one that faces the user */
  async open(device) {
    this.close();
    if (!navigator.mediaDevices) throw new DOMException("no secure context", "SecurityError");
    const which = device ? { deviceId: { exact: device } } : { facingMode: "user" };
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { ...CONSTRAINTS, ...which }, audio: false });
    this.video.srcObject = this.stream;
    const [track] = this.stream.getVideoTracks();
    track.addEventListener("ended", () => {
      this.close();
      this.onEnd();
    });
    await this.video.play();
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  /** @returns {Promise<{id: string, label: string}[]>} */
  async devices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const cameras = devices.filter(({ kind }) => kind === "videoinput");
    return cameras.map(({ deviceId, label }, i) => ({ id: deviceId, label: label || `camera ${i + 1}` }));
  }

  /**
   * Width and height of its images in pixels.
   *
   * @returns {[number, number]}
   */
  get size() {
    return [this.video.videoWidth, this.video.videoHeight];
  }

  /**
   * Wait for the next image.
   *
   * @returns {Promise<number | null>} when it was taken, in seconds; null if the camera was closed meanwhile
   */
  async tick() {
    const { stream } = this;
    if (!stream) return null;
    /** @type {number | null} */
    const time = await new Promise((resolve) => {
      const done = () => resolve(null);
      stream.addEventListener("inactive", done, { once: true });
      this.video.requestVideoFrameCallback((now, { captureTime }) => {
        stream.removeEventListener("inactive", done);
        resolve((captureTime ?? now) / 1000);
      });
      if (!stream.active) done();
    });
    return this.stream === stream ? time : null;
  }

  /** The image that is shown now. */
  image() {
    return createImageBitmap(this.video);
  }
}
