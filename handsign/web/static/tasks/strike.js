// Strikes: handsign/tasks/strike.

/** @type {import("../core/task.js").PageTask} */
export default {
  title: "Strikes",
  hint: "Stand back until the camera sees your whole body, then punch and kick.",
  sensor: "image",
  image: { white: 255 },
  question: "classification",
};
