// What is recognised becomes something that games can listen to.
//
//   window.Detect = { onPunch, onKick, onStand }           set one, and it is called
//   addEventListener("handsign:event", ({ detail }) => …)  {label, probability, t}: everything that was recognised
//   addEventListener("handsign:action", ({ detail }) => …) {action, label}: what the labels are set to do; whoever
//                                                          dispatches one on `window` moves the figure

export const ACTIONS = Object.freeze(["punch", "kick", "squat", "step", "back", "stand"]);

const HOOKS = { punch: "onPunch", kick: "onKick", stand: "onStand" };
const OTHER_NAMES = {
  "step right": "step",
  "step left": "back",
  step_right: "step",
  step_left: "back",
  "left punch": "punch",
  "right punch": "punch",
  "left kick": "kick",
  "right kick": "kick",
};

/** Make `window.Detect`, unless a game has made it already. */
export function offerHooks() {
  const nothing = () => {};
  window.Detect = { onPunch: nothing, onKick: nothing, onStand: nothing, ...window.Detect };
}

/** Tell everybody about something that was recognised, and what it is to do, if anything. */
export function announce(event, action) {
  dispatchEvent(new CustomEvent("handsign:event", { detail: event }));
  if (!action) return;
  window.Detect?.[HOOKS[action]]?.();
  dispatchEvent(new CustomEvent("handsign:action", { detail: { action, label: event.label } }));
}

/**
 * What each label does where nobody has said: the action of its own name; where no label has such a name, the first
 * four labels that mean anything do one each.
 *
 * @param {string[]} labels
 * @param {(label: string) => boolean} isRest
 * @returns {Record<string, string>}
 */
export function defaultMap(labels, isRest) {
  const own = labels.map((label) => {
    const name = label.toLowerCase();
    return [label, ACTIONS.includes(name) ? name : (OTHER_NAMES[name] ?? "")];
  });
  if (own.some(([, action]) => action)) return Object.fromEntries(own);
  const meant = labels.filter((label) => !isRest(label));
  return Object.fromEntries(labels.map((label) => [label, ACTIONS.slice(0, 4)[meant.indexOf(label)] ?? ""]));
}
