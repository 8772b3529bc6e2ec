// The full picture in the same cell: fit, zoom, pan, every overlay, the metadata and the objects.
import { type Channel, KernelError } from "../lib/channel";
import { ICONS, button, h, s, showName } from "../lib/dom";
import { confidence, count, plainValue } from "../lib/text";
import type { Look } from "./look";
import type { MaskStore } from "./mask_store";
import { drawMasks } from "./masks";
import { bounds, drawChips, drawOverlay } from "./overlay";
import { type Pages, pictureUrl } from "./pages";
import type { Selection } from "./selection";
import type { FullRow, Row, Shape } from "./types";
import { type Size, Viewport } from "./viewport";

const MASK_PIXELS = 1024;
const MOST_OBJECTS = 500;

export interface DetailParts {
  channel: Channel;
  pages: Pages;
  masks: MaskStore;
  look: Look;
  selection: Selection;
  close(index: number): void;
  shown(open: boolean): void;
}

export class Detail {
  readonly element: HTMLElement;
  readonly #parts: DetailParts;
  readonly #stage = h("div", { class: "nl-stage", tabindex: 0, role: "group", "aria-label": "Picture", "data-lm-suppress-shortcuts": "true" });
  readonly #sheet = h("div", { class: "nl-sheet" });
  readonly #picture = h("img", { class: "nl-picture", alt: "", referrerpolicy: "no-referrer", draggable: "false" });
  readonly #masks = h("canvas", { class: "nl-mask", width: 0, height: 0 });
  readonly #overlay = s("svg", { class: "nl-overlay" });
  readonly #chips = h("div", { class: "nl-chips" });
  readonly #title = h("span", { class: "nl-title" });
  readonly #place = h("span", { class: "nl-quiet" });
  readonly #zoom = h("output", { class: "nl-reading", "aria-label": "Zoom" });
  readonly #check = h("input", { type: "checkbox", "aria-label": "Selected" });
  readonly #facts = h("div", { class: "nl-facts", tabindex: 0, role: "group", "aria-label": "Objects and metadata" });
  readonly #previous = button("Previous picture (left arrow)", ICONS.previous);
  readonly #next = button("Next picture (right arrow)", ICONS.next);
  readonly #problem = h("p", { class: "nl-problem", role: "alert", hidden: true });
  readonly #view: Viewport;
  #index = -1;
  #epoch = 0;
  #count = 0;
  #row: Row | FullRow | null = null;
  #size: Size = { width: 0, height: 0 };
  #url: string | null = null;
  #lit = "";

  constructor(parts: DetailParts, signal: AbortSignal) {
    this.#parts = parts;
    const close = button("Close (Escape)", ICONS.close);
    const smaller = button("Zoom out (-)", ICONS.minus);
    const larger = button("Zoom in (+)", ICONS.plus);
    const fit = button("Fit the picture (0)", ICONS.fit);
    this.#sheet.append(this.#picture, this.#masks);
    this.#stage.append(this.#sheet, this.#overlay, this.#chips, this.#problem);
    this.element = h(
      "div",
      { class: "nl-detail", role: "dialog", "aria-label": "Full picture", hidden: true },
      h(
        "div",
        { class: "nl-bar" },
        this.#previous,
        this.#next,
        h("label", { class: "nl-row nl-pick" }, this.#check, this.#title),
        this.#place,
        h("span", { class: "nl-spring" }),
        smaller,
        this.#zoom,
        larger,
        fit,
        close,
      ),
      h("div", { class: "nl-body" }, this.#stage, this.#facts),
    );
    this.#view = new Viewport(this.#stage, signal, (moved) => this.#draw(moved));
    this.#previous.addEventListener("click", () => this.step(-1), { signal });
    this.#next.addEventListener("click", () => this.step(1), { signal });
    close.addEventListener("click", () => this.close(), { signal });
    smaller.addEventListener("click", () => this.#view.zoom(1 / 1.4), { signal });
    larger.addEventListener("click", () => this.#view.zoom(1.4), { signal });
    fit.addEventListener("click", () => this.#view.fit(), { signal });
    this.#check.addEventListener("change", () => this.#row && this.#parts.selection.toggle(this.#row.reference_id), { signal });
    this.element.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#facts.addEventListener("mouseover", (event) => this.#light((event.target as Element).closest<HTMLElement>("[data-object]")?.dataset.object ?? ""), { signal });
    this.#facts.addEventListener("mouseleave", () => this.#light(""), { signal });
    signal.addEventListener("abort", () => this.#release(), { once: true });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(index: number, epoch: number, total: number): void {
    this.#epoch = epoch;
    this.#count = total;
    this.element.hidden = false;
    this.#go(index);
    this.#stage.focus({ preventScroll: true });
    this.#parts.shown(true);
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.#release();
    this.#parts.shown(false);
    this.#parts.close(this.#index);
  }

  step(by: number): void {
    const index = this.#index + by;
    if (index >= 0 && index < this.#count) this.#go(index);
  }

  /** Draw again with another look or selection. */
  refresh(): void {
    if (!this.isOpen) return;
    this.#check.checked = this.#row !== null && this.#parts.selection.ids.has(this.#row.reference_id);
    this.#describe();
    this.#draw(false);
  }

  #go(index: number): void {
    this.#index = index;
    this.#release();
    this.#problem.hidden = true;
    this.#place.textContent = `${count(index + 1)} of ${count(this.#count)}`;
    const held = this.#previous.matches(":focus") || this.#next.matches(":focus");
    this.#previous.disabled = index === 0;
    this.#next.disabled = index === this.#count - 1;
    // A button that is disabled loses the focus, and the keys with it.
    if (held && (this.#previous.disabled || this.#next.disabled)) this.#stage.focus({ preventScroll: true });
    const cell = this.#parts.pages.cell(index);
    this.#row = cell?.row ?? null;
    this.#size = { width: cell?.row.width ?? 0, height: cell?.row.height ?? 0 };
    showName(this.#title, cell?.row.reference_id ?? "");
    if (cell?.picture) this.#picture.src = cell.picture; // a sketch until the picture is here
    else this.#picture.removeAttribute("src");
    this.#stage.classList.add("nl-busy");
    this.#view.show(this.#size);
    this.refresh();
    this.#parts.pages.want(index, index + 1, 1);
    void this.#load(index);
  }

  async #load(index: number): Promise<void> {
    const current = () => this.isOpen && this.#index === index;
    try {
      const { body, buffers } = await this.#parts.channel.ask<FullRow & { media_type: string; problem: string | null }>("item", { epoch: this.#epoch, index });
      if (!current()) return;
      const url = pictureUrl(buffers[0], body.media_type) ?? body.url ?? null;
      this.#row = body;
      showName(this.#title, body.reference_id);
      if (url !== null) await this.#replace(url, current);
      else this.#say(body.problem ?? "There is no picture for this item.");
      if (!current()) return;
      const known = body.width !== null && body.height !== null;
      const size = known ? { width: body.width ?? 0, height: body.height ?? 0 } : { width: this.#picture.naturalWidth, height: this.#picture.naturalHeight };
      if (size.width !== this.#size.width || size.height !== this.#size.height) {
        this.#size = size;
        this.#view.show(size);
      }
      this.refresh();
    } catch (fault) {
      if (current()) this.#say(fault instanceof KernelError ? fault.message : String(fault));
    } finally {
      if (current()) this.#stage.classList.remove("nl-busy");
    }
  }

  /** Swap the picture only once it is decoded, so that it never flickers. */
  async #replace(url: string, current: () => boolean): Promise<void> {
    const probe = h("img", { referrerpolicy: "no-referrer", src: url, alt: "" });
    try {
      await probe.decode();
    } catch {
      URL.revokeObjectURL(url);
      if (current()) this.#say("The browser cannot show this picture.");
      return;
    }
    if (!current()) {
      URL.revokeObjectURL(url);
      return;
    }
    this.#url = url;
    this.#picture.src = url;
  }

  #release(): void {
    if (this.#url !== null) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }

  #say(problem: string): void {
    this.#problem.textContent = problem;
    this.#problem.hidden = false;
  }

  #draw(moved: boolean): void {
    const { x, y, scale } = this.#view;
    const { width, height } = this.#size;
    this.#sheet.style.width = `${width}px`;
    this.#sheet.style.height = `${height}px`;
    this.#sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.#sheet.classList.toggle("nl-pixels", scale >= 4);
    this.#overlay.style.transform = `translate(${x}px, ${y}px)`;
    this.#zoom.textContent = scale > 0 ? `${Math.round(scale * 100)} %` : "";
    if (moved || width === 0) return; // a pan moves the overlay as a whole
    const shapes = this.#row?.shapes ?? [];
    const { look, masks } = this.#parts;
    drawMasks(this.#masks, masks.of(shapes, MASK_PIXELS), look);
    drawOverlay(this.#overlay, shapes, { scale, width: width * scale, height: height * scale, single: true, textSize: 11 }, look);
    drawChips(this.#chips, shapes, look);
    this.#highlight();
  }

  #light(id: string): void {
    if (id === this.#lit) return;
    this.#lit = id;
    this.#highlight();
  }

  #highlight(): void {
    this.#overlay.classList.toggle("nl-dimmed", this.#lit !== "");
    for (const group of this.#overlay.querySelectorAll<SVGElement>(".nl-shape")) group.classList.toggle("nl-lit", group.dataset.id === this.#lit);
  }

  #describe(): void {
    const row = this.#row;
    if (row === null) {
      this.#facts.replaceChildren();
      return;
    }
    const look = this.#parts.look;
    const shown = row.shapes.filter((shape) => look.shows(shape));
    const hidden = row.shapes.length - shown.length;
    const heading = hidden > 0 ? `Objects (${count(shown.length)}, ${count(hidden)} hidden)` : `Objects (${count(shown.length)})`;
    const facts: [string, unknown][] = [
      ["reference id", row.reference_id],
      ["item id", row.id],
      ["size", row.width && row.height ? `${row.width} × ${row.height}` : "not known"],
    ];
    if ("location" in row && row.location) facts.push(["location", row.location]);
    const metadata = "metadata" in row ? Object.entries(row.metadata) : [];
    const parts: Node[] = [h("h3", {}, "Metadata")];
    parts.push(metadata.length > 0 ? this.#table(metadata) : h("p", { class: "nl-quiet" }, "This item has no metadata."));
    parts.push(h("h3", {}, heading));
    if (shown.length > 0) parts.push(h("ul", { class: "nl-objects" }, ...shown.slice(0, MOST_OBJECTS).map((shape) => this.#object(shape))));
    else parts.push(h("p", { class: "nl-quiet" }, row.shapes.length > 0 ? "All are hidden by the toggles." : "Nothing is annotated here."));
    if (shown.length > MOST_OBJECTS) parts.push(h("p", { class: "nl-quiet" }, `and ${count(shown.length - MOST_OBJECTS)} more`));
    parts.push(h("h3", {}, "Item"), this.#table(facts));
    this.#facts.replaceChildren(...parts);
  }

  #object(shape: Shape): HTMLElement {
    const swatch = h("span", { class: `nl-swatch${shape.prediction ? " nl-swatch-prediction" : ""}` });
    const label = shape.labels?.join(", ") ?? (shape.type === "mask" ? (shape.segments ?? []).map((segment) => segment.label).join(", ") : shape.label);
    const first = shape.labels?.[0] ?? shape.segments?.[0]?.label ?? shape.label;
    swatch.style.setProperty("--nl-swatch", this.#parts.look.colour(first));
    const box = bounds(shape);
    const where = box ? `x ${box.x.toFixed(1)}, y ${box.y.toFixed(1)}, ${box.width.toFixed(1)} × ${box.height.toFixed(1)}` : "";
    const metadata = Object.entries(shape.metadata ?? {}).map(([key, value]) => `${key}: ${plainValue(value)}`);
    const title = [shape.id, shape.prediction ? "prediction" : "ground truth", where, ...metadata].filter(Boolean).join("\n");
    return h(
      "li",
      { "data-object": shape.id, title },
      swatch,
      h("span", { class: "nl-name" }, label),
      h("span", { class: "nl-spring" }),
      h("span", { class: "nl-quiet" }, shape.type),
      shape.confidence === undefined ? null : h("span", { class: "nl-count" }, confidence(shape.confidence)),
    );
  }

  #table(rows: [string, unknown][]): HTMLElement {
    return h("table", {}, h("tbody", {}, ...rows.map(([key, value]) => h("tr", {}, h("th", { scope: "row" }, key), h("td", {}, plainValue(value))))));
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inFacts = this.#facts.contains(event.target as Node);
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowLeft") this.step(-1);
    else if (event.key === "ArrowRight") this.step(1);
    else if (event.key === "+" || event.key === "=") this.#view.zoom(1.4);
    else if (event.key === "-") this.#view.zoom(1 / 1.4);
    else if (event.key === "0") this.#view.fit();
    else if (event.key === " " && event.target === this.#stage && this.#row) this.#parts.selection.toggle(this.#row.reference_id);
    else if (event.key === "Home" && !inFacts) this.#go(0);
    else if (event.key === "End" && !inFacts) this.#go(this.#count - 1);
    else return;
    event.preventDefault();
  }
}

