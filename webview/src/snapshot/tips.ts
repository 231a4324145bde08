import { element } from '../views/element.ts';

export interface Tips {
  /** False when none is shown. */
  hide(): boolean;
}

const EDGE = 8;

/** Exact values and what does not fit, on hover and on focus: of the nearest element with `data-tip`. */
export function createTips(root: HTMLElement): Tips {
  const tip = element('div', { class: 'tip', role: 'tooltip', id: 'tip', hidden: '' });
  root.append(tip);
  let of: Element | null = null;

  function show(target: EventTarget | null, x: number | null, y: number | null): void {
    const next = target instanceof Element ? target.closest('[data-tip]') : null;
    if (next === null) {
      hide();
      return;
    }
    if (next !== of) {
      hide();
      of = next;
      tip.textContent = next.getAttribute('data-tip');
      tip.hidden = false;
      next.setAttribute('aria-describedby', 'tip');
    }
    const box = next.getBoundingClientRect();
    const left = x === null ? box.left : x + 12;
    const top = y === null ? box.bottom + 4 : y + 16;
    const isBelow = top + tip.offsetHeight < innerHeight - 4;
    tip.style.left = `${String(Math.max(EDGE, Math.min(left, innerWidth - tip.offsetWidth - EDGE)))}px`;
    tip.style.top = `${String(isBelow ? top : Math.max(EDGE, (y ?? box.top) - tip.offsetHeight - 8))}px`;
  }

  function hide(): boolean {
    if (of === null) return false;
    of.removeAttribute('aria-describedby');
    of = null;
    tip.hidden = true;
    return true;
  }

  root.addEventListener('mousemove', (event) => show(event.target, event.clientX, event.clientY));
  root.addEventListener('mouseleave', hide);
  root.addEventListener('focusin', (event) => {
    if (event.target instanceof Element && event.target.matches(':focus-visible')) show(event.target, null, null);
  });
  root.addEventListener('focusout', hide);
  root.addEventListener('scroll', hide, { capture: true, passive: true });
  return { hide };
}
