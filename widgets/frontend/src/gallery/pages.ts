// Fetches items in pages: what is on the screen first, then ahead in the direction of the scroll.
//
// At most two questions are on their way; what to ask next is decided when one comes back, so
// pages that were scrolled past meanwhile are never asked for.
import type { Channel } from "../lib/channel";
import type { Listing, Row } from "./types";

interface Page {
  rows: Row[];
  pictures: (string | null)[];
  used: number;
}

export interface Cell {
  row: Row;
  /** An object URL of the thumbnail, or the picture's own URL in privacy mode; null when the item has none. */
  picture: string | null;
}

const IN_FLIGHT = 2;
const KEPT = 60;

function kind(bytes: DataView): string {
  return bytes.byteLength > 3 && bytes.getUint8(0) === 0x89 ? "image/png" : "image/jpeg";
}

export function pictureUrl(bytes: DataView | undefined, media = bytes ? kind(bytes) : ""): string | null {
  if (bytes === undefined || bytes.byteLength === 0) return null;
  const copy = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  return URL.createObjectURL(new Blob([copy], { type: media }));
}

export class Pages {
  readonly #channel: Channel;
  readonly #changed: () => void;
  readonly #failed: (fault: Error) => void;
  readonly #pages = new Map<number, Page>();
  readonly #asked = new Set<number>();
  readonly #unfinished = new Set<number>();
  #wanted: number[] = [];
  #epoch = -1;
  #count = 0;
  #size = 32;
  #pixels = 256;
  #clock = 0;

  constructor(channel: Channel, changed: () => void, failed: (fault: Error) => void) {
    this.#channel = channel;
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Start over with another list of items, of which the first are already here. */
  start(listing: Listing, pictures: DataView[], pixels: number): void {
    this.clear();
    this.#epoch = listing.epoch;
    this.#count = listing.count;
    this.#size = listing.page;
    this.#pixels = pixels;
    if (listing.rows.length === 0) return;
    this.#keep(0, listing.rows, pictures);
    // Slow pictures do not hold up the cell: Python sends those that came in time, the page asks
    // for all of them when it sees that some are missing.
    const missing = pictures.length < listing.rows.length && listing.rows.some((row) => row.url === undefined);
    if (missing || pixels !== 256) this.#unfinished.add(0);
  }

  /** Ask for thumbnails of another size from now on. */
  resolve(pixels: number): void {
    if (pixels === this.#pixels) return;
    this.#pixels = pixels;
    this.#forget([...this.#pages.keys()]);
    this.#asked.clear();
    this.#changed();
  }

  get pixels(): number {
    return this.#pixels;
  }

  cell(index: number): Cell | null {
    const page = this.#pages.get(Math.floor(index / this.#size));
    const row = page?.rows[index % this.#size];
    if (page === undefined || row === undefined) return null;
    page.used = ++this.#clock;
    return { row, picture: page.pictures[index % this.#size] ?? null };
  }

  /** Name the items on the screen; `ahead` is 1 when scrolling down, -1 up. */
  want(first: number, last: number, ahead: number): void {
    const from = Math.floor(first / this.#size);
    const to = Math.floor(Math.max(first, last - 1) / this.#size);
    const seen = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    if (ahead < 0) seen.reverse();
    const next = ahead < 0 ? [from - 1, from - 2, to + 1] : [to + 1, to + 2, from - 1];
    const pages = Math.ceil(this.#count / this.#size);
    this.#wanted = [...seen, ...next].filter((page) => page >= 0 && page < pages);
    this.#pump();
  }

  clear(): void {
    this.#forget([...this.#pages.keys()]);
    this.#asked.clear();
    this.#wanted = [];
  }

  #pump(): void {
    for (const page of this.#wanted) {
      if (this.#asked.size >= IN_FLIGHT) return;
      if ((this.#pages.has(page) && !this.#unfinished.has(page)) || this.#asked.has(page)) continue;
      this.#asked.add(page);
      void this.#fetch(page);
    }
  }

  async #fetch(page: number): Promise<void> {
    const [epoch, pixels] = [this.#epoch, this.#pixels];
    const stale = () => epoch !== this.#epoch || pixels !== this.#pixels;
    try {
      const question = { epoch, first: page * this.#size, count: this.#size, pixels };
      const { body, buffers } = await this.#channel.ask<{ rows: Row[] }>("page", question);
      if (stale()) return;
      this.#asked.delete(page);
      this.#keep(page, body.rows, buffers);
      this.#changed();
    } catch (fault) {
      if (stale()) return;
      // The page stays among the asked ones for a while: asking again at once would fail alike.
      setTimeout(() => this.#asked.delete(page), 3000);
      this.#failed(fault as Error);
      return;
    }
    this.#pump();
  }

  #keep(page: number, rows: Row[], buffers: DataView[]): void {
    this.#forget([page]);
    this.#pages.set(page, { rows, pictures: rows.map((row, at) => pictureUrl(buffers[at]) ?? row.url ?? null), used: ++this.#clock });
    if (this.#pages.size <= KEPT) return;
    const oldest = [...this.#pages].sort((a, b) => a[1].used - b[1].used).slice(0, this.#pages.size - KEPT);
    this.#forget(oldest.map(([number]) => number));
  }

  #forget(pages: number[]): void {
    for (const number of pages) {
      for (const url of this.#pages.get(number)?.pictures ?? []) if (url !== null) URL.revokeObjectURL(url);
      this.#pages.delete(number);
      this.#unfinished.delete(number);
    }
  }
}
