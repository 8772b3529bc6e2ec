// The query box: the query language of the dataset, and its error with a caret under the place.
import { ICONS, button, h, icon } from "../lib/dom";
import { KernelError } from "../lib/channel";

export class QueryBox {
  readonly element: HTMLFormElement;
  readonly #input: HTMLInputElement;
  readonly #clear: HTMLButtonElement;
  readonly #run: (query: string) => Promise<void>;
  readonly error: HTMLElement;
  #running = 0;

  constructor(run: (query: string) => Promise<void>, signal: AbortSignal) {
    this.#run = run;
    this.error = h("div", { class: "nl-query-error", role: "alert", hidden: true });
    this.#input = h("input", {
      type: "text",
      class: "nl-query-input",
      "aria-label": "Query",
      placeholder: 'Query, for example  annotations.count > 5 AND metadata.split = "train"',
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
    });
    this.#clear = button("Clear the query", ICONS.close, { hidden: true });
    this.element = h("form", { class: "nl-query" }, icon(ICONS.search), this.#input, this.#clear);
    this.element.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        void this.submit(this.#input.value);
      },
      { signal },
    );
    this.#input.addEventListener("input", () => this.#tidy(), { signal });
    this.#input.addEventListener(
      "keydown",
      (event) => {
        // JupyterLab would run the cell on Shift+Enter; here Enter of any kind runs the query.
        if (event.key === "Enter" && !event.isComposing) {
          event.preventDefault();
          void this.submit(this.#input.value);
        }
      },
      { signal },
    );
    this.#clear.addEventListener("click", () => void this.submit(""), { signal });
  }

  set value(query: string) {
    this.#input.value = query;
    this.#tidy();
  }

  async submit(query: string): Promise<void> {
    this.#input.value = query;
    this.#tidy();
    this.#running += 1;
    const turn = this.#running;
    this.element.classList.add("nl-busy");
    try {
      await this.#run(query);
      if (turn === this.#running) this.#show(null, query);
    } catch (fault) {
      if (turn === this.#running) this.#show(fault as Error, query);
    } finally {
      if (turn === this.#running) this.element.classList.remove("nl-busy");
    }
  }

  focus(): void {
    this.#input.focus();
  }

  #tidy(): void {
    this.#clear.hidden = this.#input.value === "";
  }

  #show(fault: Error | null, query: string): void {
    this.error.hidden = fault === null;
    this.#input.setAttribute("aria-invalid", String(fault !== null));
    this.error.replaceChildren();
    if (fault === null) return;
    const details = fault instanceof KernelError ? fault.details : {};
    if (typeof details.position === "number") {
      const length = Math.max(1, Number(details.length ?? 1));
      const caret = `${" ".repeat(Math.max(0, details.position))}${"^".repeat(length)}`;
      this.error.append(h("pre", { class: "nl-caret" }, `${query.replaceAll("\n", " ")}\n${caret}`));
    }
    // The message goes on with the query and a caret of its own, made for a terminal.
    const said = fault.message.split("\n")[0] ?? "";
    this.error.append(h("p", {}, said));
    const hint = details.hint;
    if (typeof hint === "string" && hint !== "" && !fault.message.includes(hint)) this.error.append(h("p", { class: "nl-hint" }, hint));
  }
}
