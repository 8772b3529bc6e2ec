import { beforeEach, describe, expect, it, vi } from "vitest";
import { Pages } from "../src/gallery/pages";
import type { Listing, Row } from "../src/gallery/types";
import { Channel } from "../src/lib/channel";
import { FakeModel } from "./model";

const rows = (first: number, count: number): Row[] =>
  Array.from({ length: count }, (_, at) => ({ id: `di_${first + at}`, reference_id: `item ${first + at}`, width: 8, height: 6, shapes: [] }));

const listing = (count: number): Listing => ({
  epoch: 1,
  count,
  more: false,
  total: null,
  name: "n",
  slice: null,
  model: false,
  query: "",
  page: 32,
  labels: [],
  rows: rows(0, Math.min(32, count)),
});

const empty = (count: number) => Array.from({ length: count }, () => new DataView(new ArrayBuffer(0)));
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("pages", () => {
  let model: FakeModel;
  let pages: Pages;
  const changed = vi.fn();
  const failed = vi.fn();
  const asked = () => model.sent.map(({ body }) => (body.first as number) / 32);
  const answer = async (at: number) => {
    const question = model.sent[at];
    model.answer(question, { rows: rows(question?.body.first as number, 32) }, empty(32));
    await settled();
  };

  beforeEach(() => {
    model = new FakeModel();
    changed.mockClear();
    pages = new Pages(new Channel(model, new AbortController().signal), changed, failed);
    pages.start(listing(3200), empty(32), 256);
  });

  it("need no question for the first items", () => {
    expect(pages.cell(31)?.row.reference_id).toBe("item 31");
    expect(pages.cell(32)).toBeNull();
  });

  it("ask for what is seen first, then ahead, two at a time", () => {
    pages.want(320, 350, 1);

    expect(asked()).toEqual([10, 11]);
  });

  it("show the picture at its own URL where the workspace has none", () => {
    const linked = rows(0, 32).map((row) => ({ ...row, url: `https://photos.example/${row.id}` }));
    pages.start({ ...listing(32), rows: linked }, [], 256);

    pages.want(0, 32, 1);

    expect(pages.cell(3)?.picture).toBe("https://photos.example/di_3");
    expect(asked()).toEqual([]);
  });

  it("turn round with the scroll", () => {
    pages.want(320, 350, -1);

    expect(asked()).toEqual([10, 9]);
  });

  it("never ask for pages that were scrolled past meanwhile", async () => {
    pages.want(320, 350, 1);
    pages.want(1600, 1630, 1);
    pages.want(3168, 3200, 1);
    await answer(0);

    expect(asked()).toEqual([10, 11, 99]);
    await answer(2);
    expect(pages.cell(3199)?.row.reference_id).toBe("item 3199");
  });

  it("drop the answers of a list that was replaced", async () => {
    pages.want(320, 350, 1);
    pages.start({ ...listing(40), epoch: 2 }, empty(32), 256);
    await answer(0);

    expect(pages.cell(325)).toBeNull();
  });

  it("fetch the first page when its pictures did not come in time, showing what is there", () => {
    pages.start(listing(3200), empty(8), 256);
    pages.want(0, 12, 1);

    expect(pages.cell(20)?.row.reference_id).toBe("item 20");
    expect(asked()[0]).toBe(0);
  });
});
