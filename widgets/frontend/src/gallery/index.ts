// The gallery: toolbar, side panel, grid and full picture around one list of items.
import "../lib/base.css";
import "./gallery.css";
import { Channel } from "../lib/channel";
import { ICONS, button, h, icon } from "../lib/dom";
import { keepKeys } from "../lib/keyboard";
import { type InitializeContext, type Model, type RenderContext, listen } from "../lib/model";
import { Notice } from "../lib/notice";
import { count, plural } from "../lib/text";
import { Detail } from "./detail";
import { Grid } from "./grid";
import { Look } from "./look";
import { MaskStore } from "./mask_store";
import { Pages } from "./pages";
import { Panel } from "./panel";
import { QueryBox } from "./query_box";
import { Selection } from "./selection";
import type { Listing } from "./types";

const NARROW = 620;
const TALL = 2000;
const GRID_HINT = "Click opens a picture, the tick or Space selects it";
const DETAIL_HINT = "Arrows step, wheel or + − zoom, 0 fits, drag moves, Space selects, Escape closes";

/** The smallest of the sizes in which thumbnails are kept that is sharp enough on this screen. */
function pixels(tileSize: number): number {
  const needed = tileSize * Math.min(2, window.devicePixelRatio || 1);
  return needed <= 144 ? 128 : needed <= 288 ? 256 : 512;
}

function emptyState(listing: Listing, told: HTMLElement, clear: () => void): HTMLElement {
  const texts: [string, string] =
    listing.query !== ""
      ? ["No item matches this query", "Change the query above, or clear it to see every item again."]
      : listing.slice !== null
        ? [`The slice “${listing.slice}” is empty`, "Add items with slice.append(reference_ids=[…]), then run the cell again."]
        : [`“${listing.name}” has no items yet`, "Add pictures with dataset.append([DatasetItem(…)]) or dataset.import_from(folder), then run the cell again."];
  const element = h("div", { class: "nl-empty" }, h("h3", {}, texts[0]), h("p", {}, texts[1]));
  if (listing.query !== "") {
    element.append(told);
    const link = h("button", { type: "button", class: "nl-button" }, "Clear the query");
    link.addEventListener("click", clear);
    element.append(link);
  }
  return element;
}

function view(model: Model, el: HTMLElement, signal: AbortSignal): void {
  const look = new Look();
  const channel = new Channel(model, signal);
  const notice = new Notice();
  let kept = 0;
  const failed = (fault: Error) => notice.fault(fault);
  const pages = new Pages(channel, () => refresh(), failed);
  const masks = new MaskStore(channel, () => redraw());
  const selection = new Selection(channel, () => refresh(), failed);
  const open = (index: number) => {
    grid.element.inert = true;
    detail.open(index, listing().epoch, listing().count);
  };
  const grid = new Grid({ pages, masks, look, selection, open, measured: () => grow() }, signal);
  const close = (index: number) => {
    grid.element.inert = false;
    grid.focus(index);
    refresh();
  };
  const shown = (opened: boolean) => {
    if (opened) kept = TALL;
    grow();
    refresh();
  };
  const detail = new Detail({ channel, pages, masks, look, selection, close, shown }, signal);
  const panel = new Panel(model, look, signal);
  const query = new QueryBox(async (text) => void (await channel.ask("query", { query: text })), signal);

  const title = h("span", { class: "nl-title" });
  const total = h("span", { class: "nl-quiet", role: "status" });
  const size = h("input", { type: "range", min: 96, max: 360, step: 4, class: "nl-range nl-size", "aria-label": "Size of the thumbnails", title: "Size of the thumbnails" });
  const side = button("Show or hide the side panel", ICONS.panel, { "aria-pressed": "true" });
  const picked = h("span", { role: "status" });
  const unpick = h("button", { type: "button", class: "nl-link" }, "Clear the selection");
  const foot = h("div", { class: "nl-foot" }, picked, unpick, h("span", { class: "nl-spring" }), notice.element);
  const blank = h("div", { class: "nl-blank", hidden: true });
  const note = h("div", { class: "nl-told", role: "status", hidden: true });
  const stage = h("div", { class: "nl-view" }, grid.element, blank, detail.element);
  const root = h(
    "div",
    { class: "nl nl-gallery", role: "group", "aria-label": "Gallery" },
    h("div", { class: "nl-bar" }, side, title, total, query.element, icon(ICONS.grid), size),
    query.error,
    note,
    h("div", { class: "nl-main" }, panel.element, stage),
    foot,
  );

  const listing = () => model.get("_listing") as Listing;
  const redraw = () => {
    grid.redraw();
    detail.refresh();
  };
  const refresh = () => {
    grid.schedule();
    detail.refresh();
    const many = selection.ids.size;
    picked.textContent = many > 0 ? `${count(many)} selected` : detail.isOpen ? DETAIL_HINT : listing().count > 0 ? GRID_HINT : "";
    picked.classList.toggle("nl-quiet", many === 0);
    unpick.hidden = many === 0;
  };
  const relook = () => {
    look.read(model);
    panel.refresh();
    redraw();
  };
  const reshape = () => {
    const tile = model.get("thumbnail_size") as number;
    size.value = String(tile);
    pages.resolve(pixels(tile));
    grid.shape(tile, model.get("columns") as number | null);
  };
  // Python looks for the reason only when somebody sees that nothing was found.
  const explained = (now: Listing) => {
    const told = h("div", { class: "nl-reasons", hidden: true });
    if (now.query === "") return told;
    channel.ask<{ told: string[] }>("why").then(
      ({ body }) => {
        told.replaceChildren(...body.told.map((text) => h("p", {}, text)));
        told.hidden = body.told.length === 0;
      },
      () => {}, // the empty state stands without it
    );
    return told;
  };
  const restart = () => {
    const now = listing();
    if (stage.clientHeight > 0) kept = Math.max(kept, stage.clientHeight);
    look.paint(now.labels);
    masks.clear();
    detail.close();
    pages.start(now, model.get("_pictures") as DataView[], pixels(model.get("thumbnail_size") as number));
    title.textContent = now.slice === null ? now.name : `${now.name} › ${now.slice}`;
    title.title = title.textContent;
    root.setAttribute("aria-label", `Gallery of ${title.textContent}`);
    total.textContent = now.more ? "counting …" : now.total === null ? plural(now.count, "item") : `${count(now.count)} of ${plural(now.total, "item")}`;
    query.value = now.query;
    panel.start(now);
    blank.hidden = now.count > 0;
    blank.replaceChildren(...(now.count > 0 ? [] : [emptyState(now, explained(now), () => void query.submit(""))]));
    note.textContent = now.note ?? "";
    note.hidden = note.textContent === "";
    grid.start(now.count, now.epoch);
    refresh();
  };
  // A short list makes a short widget. It grows with what is shown and keeps its height when less
  // is, so that what stands below it stays where it is.
  const grow = () => {
    if (listing().count > 0 || kept > 0) root.style.setProperty("--nl-content", `${Math.max(kept, Math.min(TALL, grid.fullHeight))}px`);
  };
  const setHeight = () => root.style.setProperty("--nl-height", `${model.get("height") as number}px`);
  const fold = (folded: boolean) => {
    root.classList.toggle("nl-folded", folded);
    side.setAttribute("aria-pressed", String(!folded));
  };
  let narrow = false;
  const fitted = new ResizeObserver(() => {
    const now = root.clientWidth > 0 && root.clientWidth < NARROW;
    if (now !== narrow) fold(now); // in a narrow cell the panel would cover the pictures
    narrow = now;
  });

  keepKeys(root, signal);
  size.addEventListener("input", () => model.set("thumbnail_size", size.valueAsNumber), { signal });
  size.addEventListener("change", () => model.save_changes(), { signal });
  side.addEventListener("click", () => fold(!root.classList.contains("nl-folded")), { signal });
  unpick.addEventListener("click", () => selection.clear(), { signal });
  for (const trait of ["labels", "min_confidence", "show_ground_truth", "show_predictions", "show_labels"]) {
    listen(model, `change:${trait}`, signal, relook);
  }
  for (const trait of ["thumbnail_size", "columns"]) listen(model, `change:${trait}`, signal, reshape);
  listen(model, "change:height", signal, setHeight);
  // The list and its first pictures come in one message and are both set when this is called.
  listen(model, "change:_listing", signal, restart);
  channel.onLife((life) => {
    root.classList.toggle("nl-gone", life === "gone");
    notice.life(life);
  });
  signal.addEventListener("abort", () => pages.clear(), { once: true });

  el.append(root);
  fitted.observe(root);
  signal.addEventListener("abort", () => fitted.disconnect(), { once: true });
  look.read(model);
  setHeight();
  restart();
  reshape();
  channel.ask<{ all: string[] }>("selection").then(({ body }) => selection.apply(body), () => {});
}

export default {
  initialize({ model }: InitializeContext): void {
    // The first message makes JupyterLab open a subshell, on which the later ones are answered
    // even while a cell runs.
    model.send({ lab: "ask", id: "hello", subject: "hello", body: {} });
  },
  render({ model, el, signal }: RenderContext): () => void {
    const over = new AbortController();
    view(model, el, signal ? AbortSignal.any([signal, over.signal]) : over.signal);
    return () => over.abort();
  },
};
