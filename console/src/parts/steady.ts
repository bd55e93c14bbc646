/**
 * The ref of a form that keeps the field in use where it is, while what stands above it loads or gets a message. An open
 * list would be pushed out of sight, and would close. The browser's own anchoring leaves out what is not scrolled yet, so
 * it is off while a field is in use: both would move the field twice.
 */
export function steady(form: HTMLElement | null) {
  if (!form) return undefined;
  const within = form;
  let used: Element | null = null;
  let place = 0;
  let scroller: HTMLElement | null = null;
  function look() {
    used = within.contains(document.activeElement) ? document.activeElement : null;
    place = used ? placeOf(used, within) : 0;
    if (scroller) scroller.style.overflowAnchor = '';
    scroller = used && scrollerOf(within);
    if (scroller) scroller.style.overflowAnchor = 'none';
  }
  const observer = new ResizeObserver(() => {
    if (used && used === document.activeElement) scrollerOf(within).scrollBy({ top: placeOf(used, within) - place, behavior: 'instant' });
    look();
  });
  observer.observe(within);
  within.addEventListener('focusin', look);
  within.addEventListener('focusout', look);
  return () => {
    observer.disconnect();
    within.removeEventListener('focusin', look);
    within.removeEventListener('focusout', look);
    if (scroller) scroller.style.overflowAnchor = '';
  };
}

function placeOf(field: Element, form: HTMLElement): number {
  return field.getBoundingClientRect().top - form.getBoundingClientRect().top;
}

/** What scrolls the form: a box in which it does not fit, or the page; never the page behind a dialog. */
function scrollerOf(form: HTMLElement): HTMLElement {
  for (let box = form.parentElement; box; box = box.parentElement) {
    const overflows = box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY);
    if (overflows || box.role === 'dialog') return box;
  }
  return document.documentElement;
}
