// One picture of the grid with its overlays and caption.
import { ICONS, h, icon, s, showName } from "../lib/dom";
import { plural } from "../lib/text";
import type { Look } from "./look";
import type { MaskStore } from "./mask_store";
import { drawMasks } from "./masks";
import { drawChips, drawOverlay } from "./overlay";
import type { Cell } from "./pages";
import type { Row } from "./types";

export const CAPTION = 24;

function summary(row: Row): string {
  const predictions = row.shapes.filter((shape) => shape.prediction).length;
  const truths = row.shapes.length - predictions;
  const parts = [row.reference_id, plural(truths, "annotation")];
  if (predictions > 0) parts.push(plural(predictions, "prediction"));
  return parts.join(", ");
}

export class Tile {
  readonly element: HTMLElement;
  readonly #picture = h("img", { class: "nl-picture", alt: "", referrerpolicy: "no-referrer", draggable: "false", decoding: "async" });
  readonly #masks = h("canvas", { class: "nl-mask", width: 0, height: 0 });
  readonly #overlay = s("svg", { class: "nl-overlay", "aria-hidden": "true" });
  readonly #chips = h("div", { class: "nl-chips" });
  readonly #name = h("span", { class: "nl-name" });
  readonly #total = h("span", { class: "nl-total" });
  readonly #note = h("span", { class: "nl-note" });
  #drawn = "";

  constructor(index: number, id: string) {
    this.element = h(
      "div",
      { class: "nl-tile nl-loading", role: "option", id, "data-index": index, "aria-selected": "false", "aria-posinset": index + 1 },
      h("div", { class: "nl-frame" }, this.#note, this.#picture, this.#masks, this.#overlay, this.#chips),
      h("span", { class: "nl-check", "data-check": "", "aria-hidden": "true" }, icon(ICONS.check)),
      h("div", { class: "nl-caption" }, this.#name, this.#total),
    );
  }

  place(x: number, y: number, width: number, height: number, total: number): void {
    this.element.style.transform = `translate(${x}px, ${y}px)`;
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
    this.element.setAttribute("aria-setsize", String(total));
  }

  mark(selected: boolean, active: boolean): void {
    this.element.setAttribute("aria-selected", String(selected));
    this.element.classList.toggle("nl-active", active);
  }

  /** Draw the cell unless the same was drawn before; `version` names the look and the size. */
  draw(cell: Cell | null, version: string, width: number, height: number, look: Look, masks: MaskStore, pixels: number): void {
    const key = cell === null ? "" : `${version}/${cell.row.id}/${cell.picture}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.element.classList.toggle("nl-loading", cell === null);
    if (cell === null) return;
    const { row, picture } = cell;
    showName(this.#name, row.reference_id);
    this.#total.textContent = row.shapes.length > 0 ? String(row.shapes.length) : "";
    this.element.setAttribute("aria-label", summary(row));
    this.#note.textContent = picture !== null ? "" : row.cloud ? "point cloud" : "no picture";
    if (picture === null) this.#picture.removeAttribute("src");
    else if (this.#picture.src !== picture) this.#picture.src = picture;

    const frame = { width, height: height - CAPTION };
    const scale = row.width && row.height ? Math.min(frame.width / row.width, frame.height / row.height) : 0;
    const place = scale
      ? { width: (row.width ?? 0) * scale, height: (row.height ?? 0) * scale }
      : { width: frame.width, height: frame.height };
    for (const layer of [this.#picture, this.#masks, this.#overlay]) {
      layer.style.left = `${(frame.width - place.width) / 2}px`;
      layer.style.top = `${(frame.height - place.height) / 2}px`;
      layer.style.width = `${place.width}px`;
      layer.style.height = `${place.height}px`;
    }
    if (scale) {
      drawMasks(this.#masks, masks.of(row.shapes, pixels), look);
      drawOverlay(this.#overlay, row.shapes, { scale, ...place, single: false, textSize: 10 }, look);
    } else {
      this.#overlay.replaceChildren();
    }
    drawChips(this.#chips, row.shapes, look);
  }
}
