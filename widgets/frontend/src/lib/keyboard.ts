// JupyterLab's command mode acts on plain letters that reach it from an output: "a" would insert a
// cell and "d d" delete one. A widget keeps what it is given while it has the focus.

/** Keep plain keys inside `root`; combinations with Ctrl, Meta or Alt still reach the application. */
export function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  root.addEventListener(
    "keydown",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    },
    { signal },
  );
}

/** Give the focus back to the notebook cell around `element`; true when there is one. */
export function leaveToCell(element: HTMLElement): boolean {
  const cell = element.closest<HTMLElement>(".jp-Cell");
  if (cell === null) return false;
  if (cell.tabIndex < 0 && !cell.hasAttribute("tabindex")) cell.tabIndex = -1;
  cell.focus();
  return true;
}
