// What is drawn and in which colour: the shared traits, read once per change.
import type { Model } from "../lib/model";
import type { LabelCount, Shape } from "./types";

export class Look {
  colours = new Map<string, string>();
  /** Labels that are drawn; null for all. */
  shown: Set<string> | null = null;
  minConfidence = 0;
  groundTruth = true;
  predictions = true;
  text = true;

  read(model: Model): void {
    const labels = model.get("labels") as string[] | null;
    this.shown = labels === null || labels === undefined ? null : new Set(labels);
    this.minConfidence = model.get("min_confidence") as number;
    this.groundTruth = model.get("show_ground_truth") as boolean;
    this.predictions = model.get("show_predictions") as boolean;
    this.text = model.get("show_labels") as boolean;
  }

  paint(labels: LabelCount[]): void {
    this.colours = new Map(labels.map(({ label, colour }) => [label, colour]));
  }

  colour(label: string): string {
    return this.colours.get(label) ?? "#9aa0a6";
  }

  showsLabel(label: string): boolean {
    return this.shown === null || this.shown.has(label);
  }

  /** Whether a shape passes the toggles of its source and the confidence; masks and
   * multicategories are judged label by label by who draws them. */
  showsSource(shape: Shape): boolean {
    if (!shape.prediction) return this.groundTruth;
    return this.predictions && (shape.confidence ?? 1) >= this.minConfidence;
  }

  shows(shape: Shape): boolean {
    if (!this.showsSource(shape)) return false;
    if (shape.type === "mask") return (shape.segments ?? []).some(({ label }) => this.showsLabel(label));
    if (shape.labels !== undefined) return shape.labels.some((label) => this.showsLabel(label));
    return this.showsLabel(shape.label);
  }
}

/** Black or white, whichever reads better on a colour such as `#0072b2`. */
export function inkOn(colour: string): string {
  const channel = (at: number) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  return luminance > 0.2 ? "#111" : "#fff";
}
