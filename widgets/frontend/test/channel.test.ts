import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel, KernelError } from "../src/lib/channel";
import { FakeModel } from "./model";

describe("a channel", () => {
  let model: FakeModel;
  let over: AbortController;
  let channel: Channel;

  beforeEach(() => {
    vi.useFakeTimers();
    model = new FakeModel();
    over = new AbortController();
    channel = new Channel(model, over.signal, 8000);
  });

  afterEach(() => vi.useRealTimers());

  it("gives each answer to its question, in any order", async () => {
    const first = channel.ask<{ n: number }>("page", { first: 0 });
    const second = channel.ask<{ n: number }>("page", { first: 32 });

    model.answer(model.sent[1], { n: 2 });
    model.answer(model.sent[0], { n: 1 });

    expect((await first).body).toEqual({ n: 1 });
    expect((await second).body).toEqual({ n: 2 });
  });

  it("rejects with the error of Python and its details", async () => {
    const asked = channel.ask("query", { query: "x >" });

    model.fire("msg:custom", {
      lab: "answer",
      id: model.sent[0]?.id,
      error: { error: "no such field", code: "query_error", details: { position: 3 } },
    });

    await expect(asked).rejects.toMatchObject({ message: "no such field", code: "query_error", details: { position: 3 } });
  });

  it("leaves the answers of other views alone", () => {
    channel.tell("page");

    model.fire("msg:custom", { lab: "answer", id: "another", body: {} });

    expect(channel.life).toBe("live");
  });

  it("says that the kernel is slow, and live again when it answers", async () => {
    const lives: string[] = [];
    channel.onLife((life) => lives.push(life));
    const asked = channel.ask("page");

    vi.advanceTimersByTime(8001);
    model.answer(model.sent[0], {});
    await asked;

    expect(lives).toEqual(["slow", "live"]);
  });

  it("repeats questions only until the first answer", async () => {
    const first = channel.ask("page");
    vi.advanceTimersByTime(600);
    expect(model.sent.map(({ id }) => id)).toEqual([model.sent[0]?.id, model.sent[0]?.id]);

    model.answer(model.sent[0], {});
    await first;
    channel.tell("page");
    vi.advanceTimersByTime(5000);

    expect(model.sent).toHaveLength(3);
  });

  it("gives up everything when the kernel is gone", async () => {
    const asked = channel.ask("page");

    model.fire("comm_live_update");

    await expect(asked).rejects.toBeInstanceOf(KernelError);
    await expect(channel.ask("page")).rejects.toMatchObject({ code: "kernel_gone" });
    expect(channel.life).toBe("gone");
  });

  it("leaves no listener behind", () => {
    channel.ask("page").catch(() => {});

    over.abort();

    expect(model.listeners).toBe(0);
  });
});
