// Fetches masks for what is on the screen, a few per question, the latest wish first.
import type { Channel } from "../lib/channel";
import { type Mask, decodeMask } from "./masks";
import type { Shape } from "./types";

const BATCH = 12;
const KEPT = 240;

export class MaskStore {
  readonly #channel: Channel;
  readonly #changed: () => void;
  readonly #masks = new Map<string, Mask | null>();
  #wanted = new Map<string, Shape>();
  #busy = false;

  constructor(channel: Channel, changed: () => void) {
    this.#channel = channel;
    this.#changed = changed;
  }

  /** The masks among `shapes` that are here; those that are not will be fetched. */
  of(shapes: Shape[], pixels: number): [Shape, Mask][] {
    const found: [Shape, Mask][] = [];
    for (const shape of shapes) {
      if (shape.type !== "mask") continue;
      const key = `${pixels}/${shape.id}`;
      const mask = this.#masks.get(key);
      if (mask) found.push([shape, mask]);
      else if (mask === undefined) this.#want(key, shape);
    }
    return found;
  }

  clear(): void {
    this.#masks.clear();
    this.#wanted.clear();
  }

  #want(key: string, shape: Shape): void {
    this.#wanted.delete(key);
    this.#wanted.set(key, shape);
    while (this.#wanted.size > BATCH * 4) {
      const oldest = this.#wanted.keys().next().value;
      if (oldest === undefined) break;
      this.#wanted.delete(oldest);
    }
    if (!this.#busy) {
      this.#busy = true;
      queueMicrotask(() => void this.#fetch());
    }
  }

  async #fetch(): Promise<void> {
    while (this.#wanted.size > 0) {
      const latest = [...this.#wanted].reverse();
      const pixels = latest[0]?.[0].split("/")[0];
      const batch = latest.filter(([key]) => key.startsWith(`${pixels}/`)).slice(0, BATCH);
      for (const [key] of batch) this.#wanted.delete(key);
      try {
        const masks = batch.map(([, { id, segments }]) => ({ id, indexes: (segments ?? []).map(({ index }) => index) }));
        const { buffers } = await this.#channel.ask("masks", { masks, pixels: Number(pixels) });
        const decoded = await Promise.all(batch.map((_, at) => (buffers[at] ? decodeMask(buffers[at]) : null)));
        for (const [at, [key]] of batch.entries()) this.#masks.set(key, decoded[at] ?? null);
      } catch {
        for (const [key] of batch) this.#masks.set(key, null); // pictures without a readable mask are still pictures
      }
      for (const key of [...this.#masks.keys()].slice(0, Math.max(0, this.#masks.size - KEPT))) this.#masks.delete(key);
      this.#changed();
    }
    this.#busy = false;
  }
}
