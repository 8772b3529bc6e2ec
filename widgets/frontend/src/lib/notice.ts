// One line that says what is wrong, in words, and how to go on.
import type { Life } from "./channel";
import { h } from "./dom";

const LIVES: Record<Life, string> = {
  live: "",
  slow: "Waiting for the kernel, which is busy …",
  gone: "The kernel is gone. Run the cell again to bring this back to life.",
};

export class Notice {
  readonly element = h("span", { class: "nl-notice", role: "alert" });
  #timer: ReturnType<typeof setTimeout> | undefined;

  life(life: Life): void {
    clearTimeout(this.#timer);
    this.element.textContent = LIVES[life];
    this.element.classList.toggle("nl-notice-error", life === "gone");
  }

  fault(fault: Error): void {
    if ((fault as { code?: string }).code === "kernel_gone") return; // said by `life`
    this.element.textContent = fault.message;
    this.element.classList.add("nl-notice-error");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.life("live"), 8000);
  }
}
