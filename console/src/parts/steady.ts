/**
 * The ref of a form that keeps the field in use where it is, while what stands above it loads or gets a message. An open
 * list would be pushed out of sight, and would close. The browser's own anchoring leaves out what is not scrolled yet.
 */
export function steady(form: HTMLElement | null) {
  if (!form) return undefined;
  let used: Element | null = null;
  let place = 0;
  function look() {
    used = form?.contains(document.activeElement) ? document.activeElement : null;
    place = form && used ? placeOf(used, form) : 0;
  }
  const observer = new ResizeObserver(() => {
    if (used && used === document.activeElement) scrollerOf(form).scrollBy({ top: placeOf(used, form) - place, behavior: 'instant' });
    look();
  });
  observer.observe(form);
  form.addEventListener('focusin', look);
  return () => {
    observer.disconnect();
    form.removeEventListener('focusin', look);
  };
}

function placeOf(field: Element, form: HTMLElement): number {
  return field.getBoundingClientRect().top - form.getBoundingClientRect().top;
}

function scrollerOf(form: HTMLElement): Element {
  for (let box = form.parentElement; box; box = box.parentElement) {
    if (box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY)) return box;
  }
  return document.documentElement;
}
