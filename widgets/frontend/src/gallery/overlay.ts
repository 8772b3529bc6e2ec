// Draws shapes as SVG over a picture, in pixels of the screen: strokes and text keep their size at
// every zoom. A dark casing under each stroke makes every colour readable on every picture.
import { h, s } from "../lib/dom";
import { confidence } from "../lib/text";
import { type Look, inkOn } from "./look";
import type { Shape, Vertex } from "./types";

export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Frame {
  /** Screen pixels per picture pixel. */
  scale: number;
  /** Size of the picture on the screen. */
  width: number;
  height: number;
  /** One element per shape, with a tooltip, instead of one per label and source. */
  single: boolean;
  textSize: number;
}

const MOST_THUMBNAIL_PLATES = 6;

const round = (value: number) => Math.round(value * 10) / 10;

function chain(vertices: Vertex[], scale: number): string {
  return vertices.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${round(x * scale)} ${round(y * scale)}`).join("");
}

function dot(x: number, y: number, radius: number): string {
  const r = round(radius);
  return `M${round(x - radius)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
}

interface Outline {
  /** Closed outlines, which may be filled. */
  area: string;
  /** Open strokes. */
  stroke: string;
  /** Solid marks. */
  marks: string;
}

/** Path data of one shape in screen pixels; empty for shapes without a place in the picture. */
export function outline(shape: Shape, scale: number, radius: number): Outline {
  const found: Outline = { area: "", stroke: "", marks: "" };
  const geometry = shape.geometry;
  if (geometry === undefined) return found;
  if (shape.type === "box") {
    const { x = 0, y = 0, width = 0, height = 0 } = geometry;
    found.area = `M${round(x * scale)} ${round(y * scale)}h${round(width * scale)}v${round(height * scale)}h${round(-width * scale)}z`;
  } else if (shape.type === "polygon") {
    found.area = `${chain(geometry.vertices ?? [], scale)}z`;
  } else if (shape.type === "line") {
    found.stroke = chain(geometry.vertices ?? [], scale);
  } else if (shape.type === "keypoints") {
    const points = geometry.keypoints ?? [];
    for (const [from, to] of geometry.skeleton ?? []) {
      const a = points[from];
      const b = points[to];
      if (a === undefined || b === undefined || a.x === null || a.y === null || b.x === null || b.y === null) continue;
      found.stroke += chain([{ x: a.x, y: a.y }, { x: b.x, y: b.y }], scale);
    }
    for (const { x, y, visible } of points) {
      if (x === null || y === null) continue;
      if (visible) found.marks += dot(x * scale, y * scale, radius);
      else found.stroke += dot(x * scale, y * scale, radius);
    }
  }
  return found;
}

/** The rectangle around a shape in picture pixels; null without one. */
export function bounds(shape: Shape): Bounds | null {
  const geometry = shape.geometry;
  if (geometry === undefined) return null;
  if (shape.type === "box") return { x: geometry.x ?? 0, y: geometry.y ?? 0, width: geometry.width ?? 0, height: geometry.height ?? 0 };
  const vertices = shape.type === "keypoints" ? (geometry.keypoints ?? []) : (geometry.vertices ?? []);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of vertices) {
    if (x === null || y === null) continue;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return left <= right ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

let ruler: CanvasRenderingContext2D | null | undefined;

function textWidth(text: string, size: number): number {
  ruler ??= h("canvas").getContext("2d");
  if (!ruler) return text.length * size * 0.56;
  ruler.font = `500 ${size}px system-ui, sans-serif`;
  return ruler.measureText(text).width;
}

export function caption(shape: Shape): string {
  return shape.confidence === undefined ? shape.label : `${shape.label} ${confidence(shape.confidence)}`;
}

function overlaps(a: Bounds, b: Bounds): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Where the plate of a shape may stand: ground truth above its box, predictions below theirs. */
function plateAt(shape: Shape, box: Bounds, width: number, height: number, frame: Frame): Bounds {
  const left = box.x * frame.scale;
  const top = box.y * frame.scale;
  const bottom = (box.y + box.height) * frame.scale;
  const x = Math.max(0, Math.min(left - 1, frame.width - width));
  const outside = shape.prediction ? bottom : top - height;
  const inside = shape.prediction ? bottom - height : top;
  const fits = outside >= 0 && outside + height <= frame.height;
  const y = fits ? outside : Math.max(0, Math.min(inside, frame.height - height));
  return { x: round(x), y: round(y), width: round(width), height };
}

/** Label plates, large shapes first; one that would cover another is left out. On a thumbnail only
 * shapes that are larger than their plate get one, since the picture is what counts. */
function plates(shapes: Shape[], frame: Frame, look: Look): SVGGElement {
  const group = s("g", { class: "nl-plates" });
  const taken: Bounds[] = [];
  const height = frame.textSize + 4;
  const placed = shapes
    .map((shape) => ({ shape, box: bounds(shape) }))
    .filter((entry): entry is { shape: Shape; box: Bounds } => entry.box !== null)
    .sort((a, b) => b.box.width * b.box.height - a.box.width * a.box.height);
  for (const { shape, box } of placed) {
    if (!frame.single && taken.length >= MOST_THUMBNAIL_PLATES) break;
    const text = caption(shape);
    const width = textWidth(text, frame.textSize) + 7;
    if (!frame.single && (box.width * frame.scale < width * 0.9 || box.height * frame.scale < height * 2)) continue;
    const plate = plateAt(shape, box, width, height, frame);
    if (taken.some((other) => overlaps(other, plate))) continue;
    taken.push(plate);
    const colour = look.colour(shape.label);
    group.append(
      s("rect", { ...plate, rx: 2, fill: colour, "fill-opacity": 0.92, "data-plate": shape.id }),
      s(
        "text",
        { x: round(plate.x + 3.5), y: round(plate.y + frame.textSize), fill: inkOn(colour), "font-size": frame.textSize, "font-weight": 500 },
        text,
      ),
    );
  }
  return group;
}

interface Stroke extends Outline {
  label: string;
  prediction: boolean;
  filled: boolean;
}

function paths(stroke: Stroke, colour: string, frame: Frame): SVGElement[] {
  const found: SVGElement[] = [];
  const lines = stroke.area + stroke.stroke;
  const wide = frame.single ? 2 : 1.5;
  const shared = { d: lines, fill: "none", "stroke-linejoin": "round" };
  if (stroke.area) {
    const opacity = !stroke.filled ? 0 : stroke.prediction ? 0.08 : 0.16;
    found.push(s("path", { d: stroke.area, fill: colour, "fill-opacity": opacity, class: "nl-area" }));
  }
  if (lines) {
    const casing = { stroke: "#000", "stroke-opacity": stroke.prediction ? 0.4 : 0.5, "stroke-width": wide + (frame.single ? 1.6 : 1) };
    found.push(s("path", { ...shared, ...casing }));
    found.push(s("path", { ...shared, stroke: colour, "stroke-width": wide, "stroke-dasharray": stroke.prediction ? "5 3" : null, class: "nl-line" }));
  }
  if (stroke.marks) found.push(s("path", { d: stroke.marks, fill: colour, stroke: "#000", "stroke-opacity": 0.6, "stroke-width": 1, class: "nl-marks" }));
  return found;
}

/** Fill `svg` with what `look` shows of the shapes. */
export function drawOverlay(svg: SVGSVGElement, shapes: Shape[], frame: Frame, look: Look): void {
  const seen = shapes.filter((shape) => shape.type !== "mask" && look.shows(shape));
  const radius = frame.single ? 3.5 : Math.max(1.6, Math.min(3, frame.width / 90));
  svg.setAttribute("width", String(round(frame.width)));
  svg.setAttribute("height", String(round(frame.height)));
  const drawn: SVGElement[] = [];
  if (frame.single) {
    for (const shape of seen) {
      const stroke = { ...outline(shape, frame.scale, radius), label: shape.label, prediction: shape.prediction, filled: shape.type !== "box" };
      if (!stroke.area && !stroke.stroke && !stroke.marks) continue;
      drawn.push(
        s(
          "g",
          { class: "nl-shape", "data-id": shape.id, "data-label": shape.label, "data-source": shape.prediction ? "prediction" : "truth" },
          s("title", {}, `${caption(shape)} · ${shape.prediction ? "prediction" : "ground truth"} · ${shape.type}`),
          ...paths(stroke, look.colour(shape.label), frame),
        ),
      );
    }
  } else {
    const strokes = new Map<string, Stroke>();
    for (const shape of seen) {
      const filled = shape.type !== "box"; // a crowd of filled boxes hides the picture
      const key = `${shape.prediction ? 1 : 0}${filled ? 1 : 0}${shape.label}`;
      const stroke = strokes.get(key) ?? { area: "", stroke: "", marks: "", label: shape.label, prediction: shape.prediction, filled };
      const one = outline(shape, frame.scale, radius);
      stroke.area += one.area;
      stroke.stroke += one.stroke;
      stroke.marks += one.marks;
      strokes.set(key, stroke);
    }
    for (const stroke of strokes.values()) {
      if (!stroke.area && !stroke.stroke && !stroke.marks) continue;
      drawn.push(
        s(
          "g",
          { class: "nl-shape", "data-label": stroke.label, "data-source": stroke.prediction ? "prediction" : "truth" },
          ...paths(stroke, look.colour(stroke.label), frame),
        ),
      );
    }
  }
  if (look.text) drawn.push(plates(seen, frame, look));
  svg.replaceChildren(...drawn);
}

/** Labels that have no place in the picture: categories, and cuboids as text. */
export function drawChips(holder: HTMLElement, shapes: Shape[], look: Look): void {
  const chips: HTMLElement[] = [];
  for (const shape of shapes) {
    if (!look.showsSource(shape)) continue;
    if (shape.type !== "category" && shape.type !== "multicategory" && shape.type !== "cuboid") continue;
    for (const label of shape.labels ?? [shape.label]) {
      if (!look.showsLabel(label)) continue;
      const chip = h(
        "span",
        { class: `nl-chip${shape.prediction ? " nl-chip-prediction" : ""}`, "data-label": label },
        h("span", { class: "nl-swatch" }),
        shape.type === "cuboid" ? `${label} (cuboid)` : label,
        shape.confidence === undefined ? null : ` ${confidence(shape.confidence)}`,
      );
      (chip.firstElementChild as HTMLElement).style.background = look.colour(label);
      chips.push(chip);
    }
  }
  holder.replaceChildren(...chips);
}
