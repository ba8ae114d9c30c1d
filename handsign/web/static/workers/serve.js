// Answers the messages of core/calls.js, one after another.

/**
 * @param {Record<string, (options: any) => Promise<object>>} commands what each message may ask for
 */
export function serve(commands) {
  let last = Promise.resolve();
  addEventListener("message", ({ data: { id, command, ...options } }) => {
    last = last.then(async () => {
      const started = performance.now();
      try {
        const answer = await commands[command](options);
        postMessage({ id, ...answer, milliseconds: performance.now() - started });
      } catch (error) {
        postMessage({ id, error: String(error instanceof Error ? error.message : error).split("\n")[0] });
      }
    });
  });
}
