// The next frames of a video: handsign/tasks/nextframe.

/** @type {import("../core/task.js").PageTask} */
export default {
  title: "Next frame",
  hint: "Move in front of the camera: the model predicts the frames that follow.",
  sensor: "image",
  image: { white: 1, crop: true },
  question: "forecast",
  steps: 8,
};
