import { expect, it } from "vitest";
import { stateOf, statusText } from "../src/job_progress/index";
import { count, duration, halves, plainValue, plural } from "../src/lib/text";

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

it("does not call it a success when objects were refused", () => {
  expect([statusText("Completed", 3), stateOf("Completed", 3)]).toEqual(["Completed with errors", "partial"]);
  expect([statusText("Completed"), stateOf("Completed", 0), stateOf("Errored_User", 3)]).toEqual(["Completed", "completed", "failed"]);
});

it("keeps the end of a long name, where ids differ", () => {
  expect(halves("aisle-003/camera-front-left/0017.jpg")).toEqual(["aisle-003/camera-front-l", "eft/0017.jpg"]);
  expect(halves("short.jpg")).toEqual(["short.jpg", ""]);
});
