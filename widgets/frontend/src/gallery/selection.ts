// Which items are selected, by reference id. Python keeps the truth; the page shows its own
// clicks at once and follows what Python tells about the others.
import type { Channel } from "../lib/channel";

interface Change {
  by?: string;
  all?: string[];
  add?: string[];
  remove?: string[];
}

export class Selection {
  readonly #channel: Channel;
  readonly #changed: () => void;
  readonly #failed: (fault: Error) => void;
  readonly #name = Math.random().toString(36).slice(2);
  readonly ids = new Set<string>();

  constructor(channel: Channel, changed: () => void, failed: (fault: Error) => void) {
    this.#channel = channel;
    this.#changed = changed;
    this.#failed = failed;
    channel.onNews<Change>("selection", (change) => {
      if (change.by !== this.#name) this.apply(change);
    });
  }

  apply(change: Change): void {
    if (change.all) {
      this.ids.clear();
      for (const id of change.all) this.ids.add(id);
    }
    for (const id of change.remove ?? []) this.ids.delete(id);
    for (const id of change.add ?? []) this.ids.add(id);
    this.#changed();
  }

  toggle(id: string): void {
    this.#send(this.ids.has(id) ? { remove: [id] } : { add: [id] });
  }

  clear(): void {
    this.#send({ all: [] });
  }

  /** Select a run of the list, whose items may not have been fetched; Python answers with news. */
  range(epoch: number, first: number, last: number): void {
    this.#channel.ask("select_range", { epoch, first, last }).catch(this.#failed);
  }

  #send(change: Change): void {
    this.apply(change);
    this.#channel.ask("select", { ...change, by: this.#name }).catch(this.#failed);
  }
}
