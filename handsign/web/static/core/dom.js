// Access to the elements of index.html, with their classes.

/**
 * The element with the attribute `data-NAME`.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} name
 * @param {new () => T} kind its class
 * @returns {T}
 * @throws {Error} there is none of that class
 */
export function part(root, name, kind) {
  return element(root, `[data-${name}]`, kind);
}

/**
 * The first element that a selector matches.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind its class
 * @returns {T}
 * @throws {Error} there is none of that class
 */
export function element(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} at ${selector}`);
  return found;
}

/**
 * All elements that a selector matches.
 *
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export function elements(root, selector) {
  return [...root.querySelectorAll(selector)].filter((found) => found instanceof HTMLElement);
}

/**
 * A copy of the only element in a template.
 *
 * @param {string} id
 */
export function clone(id) {
  const copy = element(document, `#${id}`, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) throw new Error(`the template ${id} is empty`);
  return copy;
}

/**
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 * @returns {CanvasRenderingContext2D}
 */
export function context2d(canvas, settings) {
  const pen = canvas.getContext("2d", settings);
  if (!pen) throw new Error("the browser has no 2D canvas");
  return /** @type {CanvasRenderingContext2D} */ (pen);
}
