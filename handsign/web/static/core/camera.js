// The camera: pictures with their times, newest first come.

const WANTED = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };

/** Why there is no picture, in words that say what to do. */
export function explain(error) {
  if (!window.isSecureContext) {
    return "Browsers give the camera to https and localhost only. Open this page on the machine itself, or start the server with --tls-cert and --tls-key.";
  }
  const reasons = {
    NotAllowedError: "The camera was refused. Allow it in the address bar of the browser, then try again.",
    NotFoundError: "There is no camera. Plug one in, then try again.",
    NotReadableError: "The camera is in use. Close other programs that use it, then try again.",
    OverconstrainedError: "That camera is gone. Choose another one.",
  };
  return reasons[error.name] ?? `The camera could not be opened (${error.message}).`;
}

export class Camera {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.stream = null;
    /** @type {() => void} */
    this.onEnd = () => {};
  }

  get on() {
    return this.stream !== null;
  }

  /** @param {string} device of `devices`; empty for whichever faces the person */
  async open(device) {
    this.close();
    if (!navigator.mediaDevices) throw new DOMException("no secure context", "SecurityError");
    const which = device ? { deviceId: { exact: device } } : { facingMode: "user" };
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...which }, audio: false });
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
    const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const cameras = found.filter(({ kind }) => kind === "videoinput");
    return cameras.map(({ deviceId, label }, i) => ({ id: deviceId, label: label || `camera ${i + 1}` }));
  }

  /** The size of its pictures, [width, height] in pixels. */
  get size() {
    return [this.video.videoWidth, this.video.videoHeight];
  }

  /**
   * Wait for the next picture; when it was taken, in seconds. Null when the camera was closed meanwhile.
   *
   * @returns {Promise<number | null>}
   */
  async tick() {
    const { stream } = this;
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

  /** The picture that is shown now. */
  picture() {
    return createImageBitmap(this.video);
  }
}
