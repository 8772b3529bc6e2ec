// The scrolled grid. Only the tiles around the view exist; the focus stays on the grid itself and
// names the active tile, so that no tile that scrolls away takes the focus with it.
import { h } from "../lib/dom";
import { leaveToCell } from "../lib/keyboard";
import { type Layout, layout, offset, range, scrollFor } from "../lib/virtual";
import type { Look } from "./look";
import type { MaskStore } from "./mask_store";
import type { Pages } from "./pages";
import type { Selection } from "./selection";
import { CAPTION, Tile } from "./tile";

const ASPECT = 0.75;
const GAP = 10;
const SPARE = 2;
const MOST_TILES = 400;

export interface GridParts {
  pages: Pages;
  masks: MaskStore;
  look: Look;
  selection: Selection;
  open(index: number): void;
  measured(): void;
}

let grids = 0;

export class Grid {
  readonly element: HTMLElement;
  readonly #content = h("div", { class: "nl-content", role: "presentation" });
  readonly #parts: GridParts;
  readonly #tiles = new Map<number, Tile>();
  readonly #id = `nl-grid-${++grids}`;
  #box: Layout = layout({ count: 0, width: 600, height: 400, tileWidth: 180, aspect: ASPECT, caption: CAPTION, gap: GAP, columns: null });
  #count = 0;
  #epoch = 0;
  #tileSize = 180;
  #columns: number | null = null;
  #active = 0;
  #anchor = 0;
  #top = 0;
  #ahead = 1;
  #version = 0;
  #scheduled = false;

  constructor(parts: GridParts, signal: AbortSignal) {
    this.#parts = parts;
    this.element = h(
      "div",
      { class: "nl-grid", role: "listbox", tabindex: 0, "aria-multiselectable": "true", "aria-label": "Pictures", "data-lm-suppress-shortcuts": "true" },
      this.#content,
    );
    this.element.addEventListener("scroll", () => this.schedule(), { signal, passive: true });
    this.element.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.element.addEventListener("click", (event) => this.#click(event), { signal });
    const watcher = new ResizeObserver(() => this.measure());
    watcher.observe(this.element);
    signal.addEventListener("abort", () => watcher.disconnect(), { once: true });
  }

  /** Height in which every row is seen. */
  get fullHeight(): number {
    return this.#box.fullHeight;
  }

  get active(): number {
    return this.#active;
  }

  start(count: number, epoch: number): void {
    this.#count = count;
    this.#epoch = epoch;
    this.#active = 0;
    this.#anchor = 0;
    for (const tile of this.#tiles.values()) tile.element.remove();
    this.#tiles.clear();
    this.element.scrollTop = 0;
    this.#top = 0;
    this.measure();
  }

  shape(tileSize: number, columns: number | null): void {
    this.#tileSize = tileSize;
    this.#columns = columns;
    this.measure();
  }

  /** Lay out again, keeping the item at the top of the view where it is. */
  measure(): void {
    const kept = Math.floor(this.#top / this.#box.rowHeight) * this.#box.columns;
    const height = this.element.clientHeight;
    this.#box = layout({
      count: this.#count,
      width: this.element.clientWidth || 600,
      height,
      tileWidth: this.#tileSize,
      aspect: ASPECT,
      caption: CAPTION,
      gap: GAP,
      columns: this.#columns,
    });
    this.#content.style.height = `${this.#box.scrollHeight}px`;
    this.#parts.measured();
    if (kept > 0) {
      const full = Math.min(Math.floor(kept / this.#box.columns) * this.#box.rowHeight, Math.max(0, this.#box.fullHeight - height));
      this.element.scrollTop = scrollFor(this.#box, full, height);
    }
    this.redraw();
  }

  /** Draw every tile anew: the look has changed. */
  redraw(): void {
    this.#version += 1;
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  focus(index = this.#active): void {
    this.#activate(index);
    this.element.focus({ preventScroll: true });
  }

  #draw(): void {
    const { pages, masks, look, selection } = this.#parts;
    const height = this.element.clientHeight;
    if (height === 0) return; // hidden: a collapsed output or another tab
    const top = offset(this.#box, this.element.scrollTop, height);
    if (top !== this.#top) this.#ahead = top > this.#top ? 1 : -1;
    this.#top = top;
    let [first, last] = range(this.#box, this.#count, top, height, SPARE);
    last = Math.min(last, first + MOST_TILES);
    for (const [index, tile] of this.#tiles) {
      if (index >= first && index < last) continue;
      tile.element.remove();
      this.#tiles.delete(index);
    }
    const base = this.element.scrollTop - top; // shifts the rows when the scroll bar is a scale
    const width = this.#columns === null ? this.#box.columnWidth - GAP : this.#tileSize;
    const tileHeight = this.#box.rowHeight - GAP;
    const version = `${this.#version}/${pages.pixels}`;
    for (let index = first; index < last; index += 1) {
      let tile = this.#tiles.get(index);
      if (tile === undefined) {
        tile = new Tile(index, `${this.#id}-${index}`);
        this.#tiles.set(index, tile);
        this.#content.append(tile.element);
      }
      const column = index % this.#box.columns;
      const row = Math.floor(index / this.#box.columns);
      tile.place(GAP + column * this.#box.columnWidth, base + GAP + row * this.#box.rowHeight, width, tileHeight, this.#count);
      const cell = pages.cell(index);
      tile.draw(cell, version, width, tileHeight, look, masks, Math.min(256, pages.pixels));
      tile.mark(cell !== null && selection.ids.has(cell.row.reference_id), index === this.#active);
    }
    const active = this.#tiles.get(this.#active);
    if (active) this.element.setAttribute("aria-activedescendant", active.element.id);
    else this.element.removeAttribute("aria-activedescendant");
    const seen = range(this.#box, this.#count, top, height, 0);
    if (this.#count > 0) pages.want(seen[0], seen[1], this.#ahead);
  }

  #activate(index: number): void {
    this.#active = Math.max(0, Math.min(this.#count - 1, index));
    const row = Math.floor(this.#active / this.#box.columns);
    const height = this.element.clientHeight;
    const above = row * this.#box.rowHeight;
    const below = above + this.#box.rowHeight + GAP;
    const top = offset(this.#box, this.element.scrollTop, height);
    if (above < top) this.element.scrollTop = scrollFor(this.#box, above, height);
    else if (below > top + height) this.element.scrollTop = Math.ceil(scrollFor(this.#box, below - height, height));
    this.schedule();
  }

  #toggle(index: number): void {
    const cell = this.#parts.pages.cell(index);
    if (cell) this.#parts.selection.toggle(cell.row.reference_id);
    this.#anchor = index;
  }

  #extend(index: number): void {
    this.#parts.selection.range(this.#epoch, Math.min(this.#anchor, index), Math.max(this.#anchor, index));
  }

  #click(event: MouseEvent): void {
    const target = event.target as Element;
    const tile = target.closest<HTMLElement>(".nl-tile");
    if (tile === null) return;
    const index = Number(tile.dataset.index);
    this.focus(index);
    if (event.shiftKey) this.#extend(index);
    else if (event.ctrlKey || event.metaKey || target.closest("[data-check]")) this.#toggle(index);
    else this.#parts.open(index);
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#box.rowHeight)) * this.#box.columns;
    const moves: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.#box.columns,
      ArrowUp: -this.#box.columns,
      PageDown: page,
      PageUp: -page,
      Home: -this.#count,
      End: this.#count,
    };
    const move = moves[event.key];
    if (event.altKey || (event.ctrlKey && event.key !== "a" && event.key !== "Home" && event.key !== "End") || event.metaKey) return;
    if (move !== undefined) {
      const before = this.#active;
      const within = Math.abs(move) === this.#box.columns && (before + move < 0 || before + move >= this.#count);
      if (!within) this.#activate(before + move);
      if (event.shiftKey && this.#active !== before) this.#extend(this.#active);
      else if (!event.shiftKey) this.#anchor = this.#active;
    } else if (event.key === "Enter") {
      if (this.#count > 0) this.#parts.open(this.#active);
    } else if (event.key === " ") {
      if (event.shiftKey) this.#extend(this.#active);
      else this.#toggle(this.#active);
    } else if (event.key === "a" && event.ctrlKey) {
      event.stopPropagation();
      if (this.#count > 0) this.#parts.selection.range(this.#epoch, 0, this.#count - 1);
    } else if (event.key === "Escape") {
      leaveToCell(this.element);
    } else {
      return;
    }
    event.preventDefault();
  }
}
