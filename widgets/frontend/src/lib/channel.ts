// Questions from the page, answers from Python, and the life of the kernel between them.
//
// The page sends {lab: "ask", id, subject, body}; Python answers {lab: "answer", id, body} or
// {lab: "answer", id, error}, with binary buffers beside it. {lab: "news", subject, body} comes
// unasked. A kernel that restarts closes nothing: the only signs are `comm_live_update` and
// answers that do not come.
import { type Model, listen } from "./model";

export interface Answer<T> {
  body: T;
  buffers: DataView[];
}

export interface Fault {
  error: string;
  code: string;
  details?: Record<string, unknown>;
}

/** `live`: answers come. `slow`: a question has waited long. `gone`: the kernel was restarted or shut down. */
export type Life = "live" | "slow" | "gone";

export class KernelError extends Error {
  readonly code: string;
  readonly details: Record<string, unknown>;

  constructor(fault: Fault) {
    super(fault.error);
    this.name = "KernelError";
    this.code = fault.code;
    this.details = fault.details ?? {};
  }
}

interface Waiting {
  resolve(answer: Answer<never>): void;
  reject(reason: Error): void;
  slow: ReturnType<typeof setTimeout>;
}

interface Incoming {
  lab?: string;
  id?: string;
  subject?: string;
  body?: unknown;
  error?: Fault;
}

/** When to repeat a question while no answer has ever come, in milliseconds. JupyterLab hands the
 * first messages to the main thread, where they wait for a running cell to end, and later ones to
 * a subshell, which answers at once. Python may answer twice; the second answer finds nobody. */
const REPEATS = [500, 1500, 4000];

let views = 0;

export class Channel {
  readonly #model: Model;
  readonly #patience: number;
  readonly #waiting = new Map<string, Waiting>();
  readonly #news = new Map<string, (body: never, buffers: DataView[]) => void>();
  readonly #name: string;
  #asked = 0;
  #answered = false;
  #life: Life = "live";
  #onLife: (life: Life) => void = () => {};

  constructor(model: Model, signal: AbortSignal, patience = 8000) {
    this.#model = model;
    this.#patience = patience;
    views += 1;
    this.#name = `${views}-${Math.random().toString(36).slice(2, 8)}`;
    listen(model, "msg:custom", signal, (content: Incoming, buffers?: DataView[]) => this.#receive(content, buffers ?? []));
    listen(model, "comm_live_update", signal, () => this.#lose());
    signal.addEventListener("abort", () => this.#abandon("the view was closed"), { once: true });
  }

  get life(): Life {
    return this.#life;
  }

  /** Ask Python; rejects with a KernelError when it refuses or is gone. */
  ask<T>(subject: string, body: object = {}): Promise<Answer<T>> {
    if (this.#life === "gone") {
      return Promise.reject(new KernelError({ error: "the kernel is gone", code: "kernel_gone" }));
    }
    this.#asked += 1;
    const id = `${this.#name}-${this.#asked}`;
    return new Promise<Answer<T>>((resolve, reject) => {
      const slow = setTimeout(() => this.#setLife("slow"), this.#patience);
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject, slow });
      this.#send({ lab: "ask", id, subject, body });
      if (!this.#answered) for (const delay of REPEATS) setTimeout(() => this.#repeat({ lab: "ask", id, subject, body }), delay);
    });
  }

  #send(question: { lab: string; id: string; subject: string; body: object }): void {
    try {
      this.#model.send(question);
    } catch {
      this.#lose();
    }
  }

  #repeat(question: { lab: string; id: string; subject: string; body: object }): void {
    if (this.#waiting.has(question.id)) this.#send(question);
  }

  /** Tell Python something that needs no answer. */
  tell(subject: string, body: object = {}): void {
    this.ask(subject, body).catch(() => {});
  }

  onNews<T>(subject: string, callback: (body: T, buffers: DataView[]) => void): void {
    this.#news.set(subject, callback as (body: never, buffers: DataView[]) => void);
  }

  onLife(callback: (life: Life) => void): void {
    this.#onLife = callback;
  }

  #receive(content: Incoming, buffers: DataView[]): void {
    if (content.lab === "news" && content.subject !== undefined) {
      this.#setLife("live");
      this.#news.get(content.subject)?.(content.body as never, buffers);
      return;
    }
    if (content.lab !== "answer" || content.id === undefined) return;
    const waiting = this.#waiting.get(content.id);
    if (waiting === undefined) return; // another view of the same widget asked
    this.#waiting.delete(content.id);
    this.#answered = true;
    clearTimeout(waiting.slow);
    this.#setLife("live");
    if (content.error) waiting.reject(new KernelError(content.error));
    else waiting.resolve({ body: content.body as never, buffers });
  }

  #lose(): void {
    this.#setLife("gone");
    this.#abandon("the kernel is gone");
  }

  #abandon(reason: string): void {
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.slow);
      waiting.reject(new KernelError({ error: reason, code: "kernel_gone" }));
    }
    this.#waiting.clear();
  }

  #setLife(life: Life): void {
    if (life === this.#life) return;
    this.#life = life;
    this.#onLife(life);
  }
}
