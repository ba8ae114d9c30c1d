// Globals of the page and of its workers that TypeScript's own libraries do not declare.

import type * as holistic from "@mediapipe/holistic";

declare global {
  /** What a game sets to be called when an event is recognised: core/actions.js. */
  interface Window {
    Detect?: Partial<Record<string, () => void>>;
  }

  interface WindowEventMap {
    "handsign:event": CustomEvent<{ label: string; probability: number; t: number }>;
    "handsign:action": CustomEvent<{ action: string; label?: string } | null>;
  }

  /** In a worker only. */
  function importScripts(...urls: string[]): void;

  // What vendor/holistic/holistic.js defines. `useCpuInference` is missing in its own declarations.
  const Holistic: new (config: holistic.HolisticConfig) => Omit<holistic.Holistic, "setOptions"> & {
    setOptions(options: holistic.Options & { useCpuInference: boolean }): void;
  };
  const POSE_CONNECTIONS: holistic.LandmarkConnectionArray;
  const HAND_CONNECTIONS: holistic.LandmarkConnectionArray;
  const FACEMESH_CONTOURS: holistic.LandmarkConnectionArray;
}
