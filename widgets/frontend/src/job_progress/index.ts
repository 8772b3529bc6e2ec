// The progress of a job: bar, message, times, errors and a cancel button.
import "../lib/base.css";
import "./job_progress.css";
import { Channel } from "../lib/channel";
import { ICONS, h, icon } from "../lib/dom";
import { keepKeys } from "../lib/keyboard";
import { type InitializeContext, type Model, type RenderContext, listen } from "../lib/model";
import { Notice } from "../lib/notice";
import { count, duration, plural } from "../lib/text";

export interface Progress {
  job_id: string;
  job_type: string;
  /** The type in words. */
  title: string;
  status: string;
  done: number;
  total: number;
  /** 0 to 1; null before the first report. */
  fraction: number | null;
  message: string;
  elapsed: number;
  remaining: number | null;
  ended: boolean;
  cancellable: boolean;
  errors: string[];
  /** Errors in all, of which `errors` has the first. */
  error_count: number;
  problem: string | null;
}

/** `Completed`, `Failed`, … : the statuses of a job in words. */
export function statusText(status: string, errors = 0): string {
  if (status.startsWith("Errored")) return "Failed";
  return status === "Completed" && errors > 0 ? "Completed with errors" : status;
}

/** Which look the status has. */
export function stateOf(status: string, errors: number): string {
  if (status.startsWith("Errored")) return "failed";
  return status === "Completed" && errors > 0 ? "partial" : status.toLowerCase();
}

function timing(progress: Progress, since: number): string {
  if (progress.ended) return progress.elapsed < 0.5 ? "took less than 1 s" : `took ${duration(progress.elapsed)}`;
  const elapsed = progress.elapsed + since;
  if (progress.remaining === null) return duration(elapsed);
  const left = progress.remaining - since;
  return left < 1 ? `${duration(elapsed)}, almost done` : `${duration(elapsed)}, about ${duration(left)} left`;
}

function view(model: Model, el: HTMLElement, signal: AbortSignal): void {
  const channel = new Channel(model, signal);
  const notice = new Notice();
  const name = h("span", { class: "nl-title" });
  const state = h("span", { class: "nl-state" });
  const times = h("span", { class: "nl-reading" });
  const fill = h("div", { class: "nl-fill" });
  const track = h("div", { class: "nl-track", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": "Progress of the job" }, fill);
  const percent = h("span", { class: "nl-reading nl-percent" });
  const message = h("span", { class: "nl-message", role: "status" });
  const steps = h("span", { class: "nl-count" });
  const cancel = h("button", { type: "button", class: "nl-button" }, icon(ICONS.stop), "Cancel");
  const errors = h("details", { class: "nl-errors", open: true, hidden: true });
  const root = h(
    "div",
    { class: "nl nl-job", role: "group", "aria-label": "Job" },
    h("div", { class: "nl-row" }, name, state, h("span", { class: "nl-spring" }), times, cancel),
    h("div", { class: "nl-row" }, track, percent),
    h("div", { class: "nl-row nl-said" }, message, h("span", { class: "nl-spring" }), steps),
    errors,
    notice.element,
  );
  const read = () => model.get("_progress") as Progress;
  let received = performance.now();
  let said = "";

  const tick = () => {
    times.textContent = timing(read(), (performance.now() - received) / 1000);
  };
  const listErrors = (progress: Progress) => {
    const key = `${progress.error_count}:${progress.errors.length}`;
    errors.hidden = progress.error_count === 0;
    if (key === said) return;
    said = key;
    const rows: HTMLElement[] = [
      h("summary", {}, plural(progress.error_count, "error")),
      h("ul", {}, ...progress.errors.map((text) => h("li", {}, text))),
    ];
    const more = progress.error_count - progress.errors.length;
    if (more > 0) rows.push(h("p", { class: "nl-quiet" }, `and ${count(more)} more: job.errors() lists them all`));
    errors.replaceChildren(...rows);
  };
  const show = () => {
    const progress = read();
    received = performance.now();
    name.textContent = progress.title;
    name.title = `${progress.job_type}, ${progress.job_id}`;
    root.setAttribute("aria-label", `Job: ${progress.title}`);
    state.textContent = statusText(progress.status, progress.error_count);
    root.dataset.state = stateOf(progress.status, progress.error_count);
    const value = progress.fraction === null ? null : Math.round(progress.fraction * 100);
    track.classList.toggle("nl-unknown", value === null && !progress.ended);
    if (value === null) track.removeAttribute("aria-valuenow");
    else track.setAttribute("aria-valuenow", String(value));
    fill.style.width = `${(progress.fraction ?? 0) * 100}%`;
    percent.textContent = value === null ? "" : `${value} %`;
    message.textContent = progress.problem ?? progress.message;
    message.classList.toggle("nl-notice-error", progress.problem !== null);
    steps.textContent = progress.total > 1 ? `${count(progress.done)} of ${count(progress.total)}` : "";
    cancel.hidden = progress.ended || !progress.cancellable;
    listErrors(progress);
    tick();
  };

  keepKeys(root, signal);
  cancel.addEventListener(
    "click",
    () => {
      cancel.disabled = true;
      channel.ask("cancel").catch((fault: Error) => {
        cancel.disabled = false;
        notice.fault(fault);
      });
    },
    { signal },
  );
  listen(model, "change:_progress", signal, show);
  channel.onLife((life) => {
    if (!read().ended) notice.life(life);
    if (life === "gone") cancel.hidden = true;
  });
  const clock = setInterval(() => {
    if (!read().ended && channel.life !== "gone") tick();
  }, 1000);
  signal.addEventListener("abort", () => clearInterval(clock), { once: true });
  el.append(root);
  show();
}

export default {
  initialize({ model }: InitializeContext): void {
    // Makes JupyterLab open a subshell, so that Cancel is heard while a cell waits for the job.
    model.send({ lab: "ask", id: "hello", subject: "hello", body: {} });
  },
  render({ model, el, signal }: RenderContext): () => void {
    const over = new AbortController();
    view(model, el, signal ? AbortSignal.any([signal, over.signal]) : over.signal);
    return () => over.abort();
  },
};
