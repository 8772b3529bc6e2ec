import { expect, it } from "vitest";
import { statusText } from "../src/job_progress/index";
import { count, duration, plainValue, plural } from "../src/lib/text";

it.each([
  [0.4, "0 s"],
  [59.4, "59 s"],
  [65, "1 min 05 s"],
  [3780, "1 h 03 min"],
])("says %d seconds as %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it("counts as people do", () => {
  expect([count(1234567), plural(1, "item"), plural(2, "item")]).toEqual(["1,234,567", "1 item", "2 items"]);
});

it("writes metadata on one line", () => {
  expect([plainValue("<b>"), plainValue(null), plainValue({ a: [1] })]).toEqual(["<b>", "null", '{"a":[1]}']);
});

it("calls every kind of error a failure", () => {
  expect([statusText("Errored_User"), statusText("Running")]).toEqual(["Failed", "Running"]);
});
