// The arithmetic of a grid that is far taller than what a browser can lay out.
//
// Browsers stop at some 16 to 33 million pixels, a million items need more. Up to `LIMIT` one
// pixel of scrolling is one pixel of content; above, the scroll bar is a scale of the whole and
// the rows around the view are laid out relative to it.

export const LIMIT = 8_000_000;

export interface Metrics {
  count: number;
  width: number;
  height: number;
  tileWidth: number;
  /** Height of a picture for one pixel of its width. */
  aspect: number;
  /** Height of what stands below each picture. */
  caption: number;
  gap: number;
  columns: number | null;
}

export interface Layout {
  columns: number;
  rows: number;
  columnWidth: number;
  rowHeight: number;
  /** Height of the content if the browser could hold it. */
  fullHeight: number;
  /** Height given to the scrolled element. */
  scrollHeight: number;
}

export function layout(metrics: Metrics): Layout {
  const inner = Math.max(metrics.tileWidth, metrics.width - metrics.gap);
  // As many as bring the tiles nearest to the size that was asked for.
  const columns = metrics.columns ?? Math.max(1, Math.round(inner / (metrics.tileWidth + metrics.gap)));
  const rows = Math.ceil(metrics.count / columns);
  const columnWidth = metrics.columns === null ? inner / columns : metrics.tileWidth + metrics.gap;
  const rowHeight = Math.round((columnWidth - metrics.gap) * metrics.aspect) + metrics.caption + metrics.gap;
  const fullHeight = rows * rowHeight + metrics.gap;
  return { columns, rows, columnWidth, rowHeight, fullHeight, scrollHeight: Math.min(fullHeight, LIMIT) };
}

/** Offset in the full content for a scroll position. */
export function offset(box: Layout, scrollTop: number, height: number): number {
  if (box.fullHeight <= LIMIT) return scrollTop;
  const range = Math.max(1, box.scrollHeight - height);
  return Math.min(1, scrollTop / range) * (box.fullHeight - height);
}

/** Scroll position for an offset in the full content; the inverse of `offset`. */
export function scrollFor(box: Layout, full: number, height: number): number {
  if (box.fullHeight <= LIMIT) return full;
  return (full / (box.fullHeight - height)) * (box.scrollHeight - height);
}

/** First and one-past-last item to draw, with `spare` rows on both sides. */
export function range(box: Layout, count: number, top: number, height: number, spare: number): [number, number] {
  const first = Math.max(0, Math.floor(top / box.rowHeight) - spare);
  const last = Math.min(box.rows, Math.ceil((top + height) / box.rowHeight) + spare);
  return [Math.min(count, first * box.columns), Math.min(count, last * box.columns)];
}
