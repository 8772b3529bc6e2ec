// The side panel: what is drawn. Sources, confidence, and one toggle per label with its counts.
import { h } from "../lib/dom";
import type { Model } from "../lib/model";
import { confidence, count } from "../lib/text";
import type { Look } from "./look";
import type { Listing } from "./types";

const MOST_LABELS = 300;
const SEARCH_FROM = 12;

export class Panel {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #look: Look;
  readonly #signal: AbortSignal;
  readonly #labels = h("div", { class: "nl-labels", role: "group", "aria-label": "Labels" });
  readonly #columns = h("div", { class: "nl-row nl-columns", "aria-hidden": "true" }, h("span", { class: "nl-spring" }), "truth / predicted");
  readonly #find = h("input", { type: "text", class: "nl-find", placeholder: "Find a label", "aria-label": "Find a label" });
  readonly #slider = h("input", { type: "range", min: 0, max: 1, step: 0.01, class: "nl-range", "aria-label": "Smallest confidence" });
  readonly #reading = h("output", { class: "nl-reading" });
  readonly #switches = new Map<string, HTMLInputElement>();
  readonly #predictionRows: HTMLElement[] = [];
  readonly #toggles = new Map<string, HTMLInputElement>();
  #listing: Listing | null = null;

  constructor(model: Model, look: Look, signal: AbortSignal) {
    this.#model = model;
    this.#look = look;
    this.#signal = signal;
    const truth = this.#switch("show_ground_truth", "Ground truth", "nl-key-truth");
    const predictions = this.#switch("show_predictions", "Predictions", "nl-key-prediction");
    const text = this.#switch("show_labels", "Label text", "nl-key-text");
    const slider = h(
      "div",
      { class: "nl-confidence" },
      h("div", { class: "nl-row" }, h("span", {}, "Confidence at least"), this.#reading),
      this.#slider,
    );
    this.#predictionRows.push(predictions, slider);
    const all = h("button", { type: "button", class: "nl-link" }, "All");
    const none = h("button", { type: "button", class: "nl-link" }, "None");
    all.addEventListener("click", () => this.#set("labels", null), { signal });
    none.addEventListener("click", () => this.#set("labels", []), { signal });
    this.element = h(
      "div",
      { class: "nl-panel", role: "group", "aria-label": "What is drawn" },
      h("h3", {}, "Show"),
      truth,
      predictions,
      text,
      slider,
      h("div", { class: "nl-row nl-heading" }, h("h3", {}, "Labels"), h("span", { class: "nl-spring" }), all, none),
      this.#find,
      this.#columns,
      this.#labels,
    );
    this.#slider.addEventListener(
      "input",
      () => {
        this.#reading.textContent = confidence(this.#slider.valueAsNumber);
        this.#model.set("min_confidence", this.#slider.valueAsNumber);
      },
      { signal },
    );
    this.#slider.addEventListener("change", () => this.#model.save_changes(), { signal });
    this.#find.addEventListener("input", () => this.#list(), { signal });
  }

  start(listing: Listing): void {
    this.#listing = listing;
    this.#find.hidden = listing.labels.length < SEARCH_FROM;
    this.#columns.hidden = !listing.model || listing.labels.length === 0;
    for (const row of this.#predictionRows) row.hidden = !listing.model;
    this.#list();
    this.refresh();
  }

  /** Show what the traits say. */
  refresh(): void {
    const look = this.#look;
    const states: [string, boolean][] = [
      ["show_ground_truth", look.groundTruth],
      ["show_predictions", look.predictions],
      ["show_labels", look.text],
    ];
    for (const [trait, on] of states) {
      const input = this.#switches.get(trait);
      if (input) input.checked = on;
    }
    if (this.#slider.valueAsNumber !== look.minConfidence) this.#slider.value = String(look.minConfidence);
    this.#reading.textContent = confidence(look.minConfidence);
    for (const [label, input] of this.#toggles) input.checked = look.showsLabel(label);
  }

  #switch(trait: string, text: string, sample: string): HTMLElement {
    const input = h("input", { type: "checkbox" });
    input.addEventListener("change", () => this.#set(trait, input.checked), { signal: this.#signal });
    this.#switches.set(trait, input);
    return h("label", { class: "nl-row nl-toggle" }, input, h("span", {}, text), h("span", { class: "nl-spring" }), h("span", { class: `nl-key ${sample}`, "aria-hidden": "true" }));
  }

  #list(): void {
    const listing = this.#listing;
    if (listing === null) return;
    const sought = this.#find.value.trim().toLowerCase();
    const found = listing.labels.filter(({ label }) => label.toLowerCase().includes(sought));
    this.#toggles.clear();
    const rows: HTMLElement[] = found.slice(0, MOST_LABELS).map(({ label, colour, ground_truth, predictions }) => {
      const input = h("input", { type: "checkbox" });
      input.checked = this.#look.showsLabel(label);
      input.addEventListener("change", () => this.#toggle(label, input.checked), { signal: this.#signal });
      this.#toggles.set(label, input);
      const swatch = h("span", { class: "nl-swatch" });
      swatch.style.background = colour;
      const counts = listing.model ? `${count(ground_truth)} / ${count(predictions)}` : count(ground_truth);
      const title = listing.model ? `${label}: ${count(ground_truth)} ground truth, ${count(predictions)} predictions` : `${label}: ${count(ground_truth)}`;
      return h("label", { class: "nl-row nl-toggle", title }, input, swatch, h("span", { class: "nl-name" }, label), h("span", { class: "nl-spring" }), h("span", { class: "nl-count" }, counts));
    });
    if (found.length > MOST_LABELS) rows.push(h("p", { class: "nl-quiet" }, `${count(found.length - MOST_LABELS)} more: type to find them`));
    if (listing.labels.length === 0) rows.push(h("p", { class: "nl-quiet" }, listing.more ? "Counting …" : "Nothing is annotated yet."));
    else if (found.length === 0) rows.push(h("p", { class: "nl-quiet" }, "No label of that name."));
    this.#labels.replaceChildren(...rows);
  }

  #toggle(label: string, on: boolean): void {
    const all = (this.#listing?.labels ?? []).map((entry) => entry.label);
    const shown = new Set(this.#look.shown ?? all);
    if (on) shown.add(label);
    else shown.delete(label);
    this.#set("labels", all.every((name) => shown.has(name)) ? null : [...shown]);
  }

  #set(trait: string, value: unknown): void {
    this.#model.set(trait, value);
    this.#model.save_changes();
  }
}
