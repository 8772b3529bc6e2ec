// Zoom and pan of one picture in a stage: wheel at the pointer, drag, double click, and keys by the owner.

export interface Size {
  width: number;
  height: number;
}

const MARGIN = 12;
const LARGEST = 32;

export class Viewport {
  x = 0;
  y = 0;
  scale = 0;
  readonly #stage: HTMLElement;
  readonly #changed: (moved: boolean) => void;
  #size: Size = { width: 0, height: 0 };
  #fitted = true;
  #scheduled = false;

  /** `changed(true)` tells of a pan only; `changed(false)` of anything else. */
  constructor(stage: HTMLElement, signal: AbortSignal, changed: (moved: boolean) => void) {
    this.#stage = stage;
    this.#changed = changed;
    stage.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    stage.addEventListener("pointerdown", (event) => this.#drag(event, signal), { signal });
    stage.addEventListener("dblclick", (event) => (this.#fitted ? this.zoom(1 / this.scale, event) : this.fit()), { signal });
    const watcher = new ResizeObserver(() => this.#fitted && this.fit());
    watcher.observe(stage);
    signal.addEventListener("abort", () => watcher.disconnect(), { once: true });
  }

  show(size: Size): void {
    this.#size = size;
    this.fit();
  }

  fit(): void {
    const { clientWidth, clientHeight } = this.#stage;
    const { width, height } = this.#size;
    this.#fitted = true;
    if (width === 0 || height === 0 || clientWidth === 0) return;
    this.scale = Math.min((clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height, LARGEST);
    this.x = (clientWidth - width * this.scale) / 2;
    this.y = (clientHeight - height * this.scale) / 2;
    this.#changed(false);
  }

  /** Zoom by a factor, keeping the place under the pointer (or the middle) where it is. */
  zoom(factor: number, at?: { clientX: number; clientY: number }): void {
    if (this.scale === 0) return;
    const frame = this.#stage.getBoundingClientRect();
    const px = at ? at.clientX - frame.left : frame.width / 2;
    const py = at ? at.clientY - frame.top : frame.height / 2;
    const smallest = Math.min(1, 24 / Math.max(this.#size.width, this.#size.height));
    const scale = Math.max(smallest, Math.min(LARGEST, this.scale * factor));
    this.x = px - ((px - this.x) / this.scale) * scale;
    this.y = py - ((py - this.y) / this.scale) * scale;
    this.scale = scale;
    this.#fitted = false;
    this.#settle();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.zoom(Math.exp((-event.deltaY * lines) / 400), event);
  }

  #drag(event: PointerEvent, signal: AbortSignal): void {
    if (event.button !== 0) return;
    const from = { x: event.clientX - this.x, y: event.clientY - this.y };
    const over = new AbortController();
    const until = { signal: AbortSignal.any([signal, over.signal]) };
    this.#stage.setPointerCapture(event.pointerId);
    this.#stage.classList.add("nl-grabbed");
    this.#stage.addEventListener(
      "pointermove",
      (move) => {
        this.x = move.clientX - from.x;
        this.y = move.clientY - from.y;
        this.#fitted = false;
        this.#changed(true);
      },
      until,
    );
    const end = () => {
      over.abort();
      this.#stage.classList.remove("nl-grabbed");
    };
    this.#stage.addEventListener("pointerup", end, until);
    this.#stage.addEventListener("pointercancel", end, until);
  }

  #settle(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#changed(false);
    });
  }
}
