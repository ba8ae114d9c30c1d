// A worker as something to call: each message gets an answer.

export class Calls {
  /**
   * @param {string | URL} address
   * @param {WorkerOptions} [options]
   */
  constructor(address, options) {
    this.worker = new Worker(address, options);
    /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
    this.waiting = new Map();
    this.next = 0;
    this.worker.addEventListener("message", ({ data: { id, error, ...answer } }) => {
      const call = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) call.reject(new Error(error));
      else call.resolve(answer);
    });
    this.worker.addEventListener("error", (event) => {
      event.preventDefault();
      const error = new Error(event.message || `${address} could not be loaded`);
      this.waiting.forEach(({ reject }) => reject(error));
      this.waiting.clear();
      this.broken = error;
    });
  }

  /**
   * @param {string} command
   * @param {object} [told]
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  call(command, told = {}, transfer = []) {
    if (this.broken) return Promise.reject(this.broken);
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, command, ...told }, transfer);
    });
  }

  close() {
    this.worker.terminate();
  }
}
