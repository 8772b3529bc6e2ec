// Segmentation masks. Python sends a small PNG whose grey value is the place of the segment in the
// annotation's list, counted from 1 (0: nothing there); the page colours it by the segment's label.
import { h } from "../lib/dom";
import type { Look } from "./look";
import type { Shape } from "./types";

export interface Mask {
  width: number;
  height: number;
  segments: Uint8Array;
}

export async function decodeMask(png: DataView): Promise<Mask | null> {
  if (png.byteLength === 0) return null;
  const bytes = new Uint8Array(png.buffer as ArrayBuffer, png.byteOffset, png.byteLength);
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = h("canvas", { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return null;
  context.drawImage(bitmap, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  bitmap.close();
  const segments = new Uint8Array(width * height);
  for (let at = 0; at < segments.length; at += 1) segments[at] = data[at * 4] ?? 0;
  return { width, height, segments };
}

/** Colour of each segment as 0xRRGGBB, or -1 when it is hidden. */
function palette(shape: Shape, look: Look): Int32Array {
  const colours = new Int32Array(256).fill(-1);
  for (const [at, { label }] of (shape.segments ?? []).entries()) {
    if (at < 255 && look.showsLabel(label)) colours[at + 1] = Number.parseInt(look.colour(label).slice(1), 16);
  }
  return colours;
}

/** RGBA pixels of one mask: tinted inside, strong along the edges, hatched for a prediction. */
export function tint(mask: Mask, shape: Shape, look: Look): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, segments } = mask;
  const pixels = new Uint8ClampedArray(width * height * 4);
  const colours = palette(shape, look);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      const segment = segments[at] ?? 0;
      const colour = colours[segment] ?? -1;
      if (segment === 0 || colour < 0) continue;
      const edge =
        (x + 1 < width && segments[at + 1] !== segment) ||
        (y + 1 < height && segments[at + width] !== segment) ||
        (x > 0 && segments[at - 1] !== segment) ||
        (y > 0 && segments[at - width] !== segment);
      pixels[at * 4] = colour >> 16;
      pixels[at * 4 + 1] = (colour >> 8) & 255;
      pixels[at * 4 + 2] = colour & 255;
      pixels[at * 4 + 3] = edge ? 235 : shape.prediction ? ((x + y) % 6 < 2 ? 150 : 40) : 105;
    }
  }
  return pixels;
}

/** Draw the masks that `look` shows on one canvas; false when there is nothing to draw. */
export function drawMasks(canvas: HTMLCanvasElement, masks: [Shape, Mask][], look: Look): boolean {
  const shown = masks.filter(([shape]) => look.shows(shape));
  const first = shown[0];
  if (first === undefined) {
    canvas.width = 0;
    return false;
  }
  canvas.width = first[1].width;
  canvas.height = first[1].height;
  const context = canvas.getContext("2d");
  if (context === null) return false;
  for (const [shape, mask] of shown) {
    const layer = h("canvas", { width: mask.width, height: mask.height });
    layer.getContext("2d")?.putImageData(new ImageData(tint(mask, shape, look), mask.width, mask.height), 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(layer, 0, 0, canvas.width, canvas.height);
  }
  return true;
}
