// Calls of a worker: every message gets one answer.

export class Calls {
  /**
   * @param {string | URL} address
   * @param {WorkerOptions} [options]
   */
  constructor(address, options) {
    this.worker = new Worker(address, options);
    /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
    this.pending = new Map();
    this.next = 0;
    /** @type {Error | null} why the worker could not be loaded */
    this.broken = null;
    this.worker.addEventListener("message", ({ data: { id, error, ...answer } }) => {
      const call = this.pending.get(id);
      this.pending.delete(id);
      if (error) call?.reject(new Error(error));
      else call?.resolve(answer);
    });
    this.worker.addEventListener("error", (event) => {
      event.preventDefault();
      const error = new Error(event.message || `${address} could not be loaded`);
      this.pending.forEach(({ reject }) => reject(error));
      this.pending.clear();
      this.broken = error;
    });
  }

  /**
   * @param {string} command
   * @param {object} [options]
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  call(command, options = {}, transfer = []) {
    if (this.broken) return Promise.reject(this.broken);
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, command, ...options }, transfer);
    });
  }

  close() {
    this.worker.terminate();
  }
}
