// What anywidget hands to a widget, as far as it is used here.

export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event?: string | null, callback?: (...args: never[]) => void): void;
}

export interface InitializeContext {
  model: Model;
  signal?: AbortSignal;
}

export interface RenderContext {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

/** Subscribe until the signal fires. */
export function listen(model: Model, event: string, signal: AbortSignal, callback: (...args: never[]) => void): void {
  if (signal.aborted) return;
  model.on(event, callback);
  signal.addEventListener("abort", () => model.off(event, callback), { once: true });
}
