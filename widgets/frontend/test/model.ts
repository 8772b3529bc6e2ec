// A model without Jupyter: keeps what is sent and lets a test answer.
import type { Model } from "../src/lib/model";

interface Question {
  lab: string;
  id: string;
  subject: string;
  body: Record<string, unknown>;
}

export class FakeModel implements Model {
  readonly sent: Question[] = [];
  readonly #traits: Map<string, unknown>;
  readonly #listeners = new Map<string, Set<(...args: never[]) => void>>();

  constructor(traits: Record<string, unknown> = {}) {
    this.#traits = new Map(Object.entries(traits));
  }

  get(name: string): unknown {
    return this.#traits.get(name);
  }

  set(name: string, value: unknown): void {
    this.#traits.set(name, value);
    this.fire(`change:${name}`);
  }

  save_changes(): void {}

  send(content: unknown): void {
    this.sent.push(content as Question);
  }

  on(event: string, callback: (...args: never[]) => void): void {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(callback));
  }

  off(event?: string | null, callback?: (...args: never[]) => void): void {
    if (event && callback) this.#listeners.get(event)?.delete(callback);
  }

  fire(event: string, ...args: unknown[]): void {
    for (const callback of this.#listeners.get(event) ?? []) callback(...(args as never[]));
  }

  answer(question: Question | undefined, body: unknown, buffers: DataView[] = []): void {
    this.fire("msg:custom", { lab: "answer", id: question?.id, body }, buffers);
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }
}
