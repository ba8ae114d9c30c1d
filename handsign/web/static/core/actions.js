// Events become actions that games can listen to.
//
//   window.Detect = { onPunch, onKick, onStand }           functions that are called, if set
//   addEventListener("handsign:event", ({ detail }) => …)  {label, probability, t}: every event
//   addEventListener("handsign:action", ({ detail }) => …) {action, label}: the action that a label is mapped to;
//                                                          dispatched on `window` by anybody, it moves the figure

export const ACTIONS = Object.freeze(["punch", "kick", "squat", "step", "back", "stand"]);

/** @type {Partial<Record<string, string>>} */
const HOOKS = { punch: "onPunch", kick: "onKick", stand: "onStand" };
const SYNONYMS = new Map([
  ["step right", "step"],
  ["step left", "back"],
  ["step_right", "step"],
  ["step_left", "back"],
  ["left punch", "punch"],
  ["right punch", "punch"],
  ["left kick", "kick"],
  ["right kick", "kick"],
]);

/** Define `window.Detect`, except for what a game has set already. */
export function offerHooks() {
  const nothing = () => {};
  window.Detect = { onPunch: nothing, onKick: nothing, onStand: nothing, ...window.Detect };
}

/**
 * Dispatch an event, and the action that its label is mapped to.
 *
 * @param {import("./trigger.js").Event} event
 * @param {string | undefined} action
 */
export function announce(event, action) {
  dispatchEvent(new CustomEvent("handsign:event", { detail: event }));
  if (!action) return;
  window.Detect?.[HOOKS[action] ?? ""]?.();
  dispatchEvent(new CustomEvent("handsign:action", { detail: { action, label: event.label } }));
}

/**
 * The action of each label by default: the one of its name; if no label has such a name, the first four labels that do
 * not stand for rest have one each.
 *
 * @param {string[]} labels
 * @param {(label: string) => boolean} isRest
 * @returns {Record<string, string>} empty for no action
 */
export function defaultMap(labels, isRest) {
  const named = labels.map((label) => {
    const name = label.toLowerCase();
    return [label, ACTIONS.includes(name) ? name : (SYNONYMS.get(name) ?? "")];
  });
  if (named.some(([, action]) => action)) return Object.fromEntries(named);
  const gestures = labels.filter((label) => !isRest(label));
  return Object.fromEntries(labels.map((label) => [label, ACTIONS.slice(0, 4)[gestures.indexOf(label)] ?? ""]));
}
