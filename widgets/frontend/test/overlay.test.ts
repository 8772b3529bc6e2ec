import { describe, expect, it } from "vitest";
import { h, s } from "../src/lib/dom";
import { Look, inkOn } from "../src/gallery/look";
import { tint } from "../src/gallery/masks";
import { bounds, drawChips, drawOverlay, outline } from "../src/gallery/overlay";
import type { Shape } from "../src/gallery/types";

const box: Shape = { id: "a", type: "box", label: "cup", prediction: false, geometry: { x: 10, y: 20, width: 30, height: 40 } };
const frame = { scale: 0.5, width: 100, height: 75, single: false, textSize: 10 };

function drawn(shapes: Shape[], look = new Look(), single = false): SVGSVGElement {
  const svg = s("svg");
  drawOverlay(svg, shapes, { ...frame, single }, look);
  return svg;
}

describe("outlines", () => {
  it("stand in pixels of the screen", () => {
    expect(outline(box, 0.5, 3).area).toBe("M5 10h15v20h-15z");
  });

  it("leave out keypoints without a place, and their bones", () => {
    const hand: Shape = {
      ...box,
      type: "keypoints",
      geometry: {
        keypoints: [
          { x: 2, y: 2, visible: true },
          { x: 4, y: 4, visible: false },
          { x: null, y: null, visible: false },
        ],
        skeleton: [
          [0, 1],
          [1, 2],
          [0, 9],
        ],
      },
    };

    const { stroke, marks } = outline(hand, 1, 1);

    expect(stroke.match(/M2 2L4 4/g)).toHaveLength(1);
    expect(stroke).not.toContain("null");
    expect(marks.match(/a/g)).toHaveLength(2); // one dot of two arcs: the visible point
    expect(bounds(hand)).toEqual({ x: 2, y: 2, width: 2, height: 2 });
  });

  it("are grouped by label and source on a thumbnail and single in the full picture", () => {
    const shapes = [box, { ...box, id: "b" }, { ...box, id: "c", prediction: true, confidence: 0.9 }];

    expect(drawn(shapes).querySelectorAll(".nl-shape")).toHaveLength(2);
    expect(drawn(shapes, new Look(), true).querySelectorAll(".nl-shape")).toHaveLength(3);
  });

  it("dash predictions and not ground truth", () => {
    const svg = drawn([box, { ...box, prediction: true, confidence: 0.9 }]);
    const dash = (source: string) => svg.querySelector(`[data-source="${source}"] .nl-line`)?.getAttribute("stroke-dasharray");

    expect(dash("truth")).toBeNull();
    expect(dash("prediction")).toBe("5 3");
  });

  it("hide what the look hides", () => {
    const look = new Look();
    look.minConfidence = 0.5;
    look.shown = new Set(["cup"]);
    const shapes = [{ ...box, prediction: true, confidence: 0.4 }, { ...box, label: "leaf" }, box];

    expect(drawn(shapes, look).querySelectorAll(".nl-shape")).toHaveLength(1);
  });

  it("never make markup of a label", () => {
    const hostile = "<img src=x onerror=alert(1)>";
    const chips = h("div");
    const look = new Look();

    drawChips(chips, [{ ...box, type: "category", label: hostile }], look);
    const svg = drawn([{ ...box, label: hostile }], look, true);

    expect(chips.textContent).toBe(hostile);
    expect(chips.querySelector("img")).toBeNull();
    expect(svg.querySelector("img")).toBeNull();
  });
});

describe("colours", () => {
  it.each([
    ["#f0e442", "#111"],
    ["#0072b2", "#fff"],
  ])("put readable ink on %s", (colour, ink) => {
    expect(inkOn(colour)).toBe(ink);
  });
});

describe("masks", () => {
  it("tint each segment with its label, strong at the edge, and nothing outside or hidden", () => {
    const look = new Look();
    look.paint([{ label: "cup", colour: "#010203", ground_truth: 1, predictions: 0 }]);
    look.shown = new Set(["cup"]);
    const shape: Shape = {
      ...box,
      type: "mask",
      segments: [
        { label: "cup", index: 3 },
        { label: "leaf", index: 7 },
      ],
    };
    const mask = { width: 5, height: 1, segments: new Uint8Array([0, 1, 1, 1, 2]) };

    const pixels = tint(mask, shape, look);
    const alpha = [0, 1, 2, 3, 4].map((at) => pixels[at * 4 + 3]);

    expect(alpha).toEqual([0, 235, 105, 235, 0]);
    expect([...pixels.slice(8, 11)]).toEqual([1, 2, 3]);
  });
});
