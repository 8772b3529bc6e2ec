// Elements without markup: text from data only ever becomes a text node or an attribute.

import { halves } from "./text";

type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string | null | undefined;

const SVG = "http://www.w3.org/2000/svg";

function fill<T extends Element>(element: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

export function h<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(name), attributes, children);
}

export function s<K extends keyof SVGElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** Show a name in an element, cut in its middle where it is too long, in full as the tooltip. */
export function showName(element: HTMLElement, name: string): void {
  const [head, tail] = halves(name);
  element.title = name;
  element.classList.add("nl-cut");
  element.replaceChildren(h("span", { class: "nl-head" }, head));
  if (tail !== "") element.append(h("span", { class: "nl-tail" }, tail));
}

/** A line icon of 16 × 16, drawn in the colour of the text. */
export function icon(path: string): SVGSVGElement {
  return s(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", class: "nl-icon" },
    s("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round", "stroke-linejoin": "round" }),
  );
}

export const ICONS = {
  close: "M4 4l8 8M12 4l-8 8",
  previous: "M10 3L5 8l5 5",
  next: "M6 3l5 5-5 5",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  panel: "M2 3h12v10H2zM6.5 3v10",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM11 11l3.5 3.5",
  grid: "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z",
  check: "M3 8.5l3.2 3L13 4.5",
  stop: "M4 4h8v8H4z",
} as const;

export function button(label: string, path: string, extra: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", class: "nl-button nl-button-icon", "aria-label": label, title: label, ...extra }, icon(path));
}
