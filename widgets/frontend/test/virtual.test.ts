import { describe, expect, it } from "vitest";
import { LIMIT, layout, offset, range, scrollFor } from "../src/lib/virtual";

const metrics = { count: 1000, width: 810, height: 500, tileWidth: 180, aspect: 0.75, caption: 17, gap: 10, columns: null };

describe("the grid", () => {
  it("fits as many columns as the width holds and stretches them", () => {
    const box = layout(metrics);

    expect(box).toMatchObject({ columns: 4, rows: 250, rowHeight: 170, columnWidth: 200 });
    expect(box.scrollHeight).toBe(250 * 170 + 10);
  });

  it("takes one column more when that comes nearer to the size asked for, and keeps the shape of the tiles", () => {
    expect(layout({ ...metrics, width: 725 })).toMatchObject({ columns: 4, columnWidth: 178.75, rowHeight: Math.round(168.75 * 0.75) + 17 + 10 });
    expect(layout({ ...metrics, width: 655 })).toMatchObject({ columns: 3, columnWidth: 215, rowHeight: Math.round(205 * 0.75) + 17 + 10 });
  });

  it("keeps the columns it is given", () => {
    expect(layout({ ...metrics, columns: 3 })).toMatchObject({ columns: 3, columnWidth: 190 });
  });

  it("has one column in the narrowest cell", () => {
    expect(layout({ ...metrics, width: 20 }).columns).toBe(1);
  });

  it("draws the rows of the view and some more, never beyond the list", () => {
    const box = layout(metrics);

    expect(range(box, 1000, 0, 500, 2)).toEqual([0, 20]);
    expect(range(box, 1000, 1700, 500, 0)).toEqual([40, 52]);
    expect(range(box, 1000, box.fullHeight - 500, 500, 2)[1]).toBe(1000);
  });

  it.each([0, 0.25, 0.5, 1])("finds the same place back at %f of a list of ten million", (part) => {
    const box = layout({ ...metrics, count: 10_000_000 });
    const full = part * (box.fullHeight - 500);

    expect(box.scrollHeight).toBe(LIMIT);
    expect(offset(box, scrollFor(box, full, 500), 500)).toBeCloseTo(full, 3);
  });

  it("shows the last item at the end of a list of ten million", () => {
    const box = layout({ ...metrics, count: 10_000_000 });

    expect(range(box, 10_000_000, offset(box, LIMIT - 500, 500), 500, 0)[1]).toBe(10_000_000);
  });
});
