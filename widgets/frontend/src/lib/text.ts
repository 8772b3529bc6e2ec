// Numbers and durations as people read them.

const whole = new Intl.NumberFormat("en-US");

export function count(value: number): string {
  return whole.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Seconds as `4 s`, `2 min 05 s` or `1 h 03 min`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  if (total < 3600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
  return `${Math.floor(total / 3600)} h ${two(Math.floor((total % 3600) / 60))} min`;
}

/** A long name in two parts, of which the first may be cut: what tells ids apart is often their end. */
export function halves(name: string, tail = 12): [string, string] {
  if (name.length <= 2 * tail) return [name, ""];
  return [name.slice(0, -tail), name.slice(-tail)];
}

export function confidence(value: number): string {
  return value.toFixed(2);
}

/** Metadata as one line of text. */
export function plainValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  return JSON.stringify(value);
}
