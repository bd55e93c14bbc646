import { cloneElement, type FocusEvent, type HTMLAttributes, lazy, type MouseEvent, type PointerEvent, type ReactElement, Suspense, useId, useState } from 'react';

const Tooltip = lazy(async () => ({ default: (await import('./tooltip')).Tooltip }));

type Handlers = HTMLAttributes<HTMLElement>;

/**
 * Words beside a thing, on hover, and by the keyboard or a finger where `everywhere`. Mantine's tooltip is made when it
 * is wanted: a chart has dozens of things with words, and to make them all at once keeps a phone busy.
 */
export function Tip({ label, everywhere = false, children }: {
  label: string;
  everywhere?: boolean;
  children: ReactElement<Handlers>;
}) {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  const [finger, setFinger] = useState(false);
  const id = useId();
  const { props } = children;
  const handlers: Handlers = {
    onPointerEnter(event: PointerEvent<HTMLElement>) {
      setFinger(event.pointerType === 'touch');
      props.onPointerEnter?.(event);
    },
    onMouseEnter(event: MouseEvent<HTMLElement>) {
      if (everywhere || !finger) setTarget(event.currentTarget);
      props.onMouseEnter?.(event);
    },
    onMouseLeave(event: MouseEvent<HTMLElement>) {
      setTarget(null);
      props.onMouseLeave?.(event);
    },
    onFocus(event: FocusEvent<HTMLElement>) {
      if (everywhere && event.currentTarget.matches(':focus-visible')) setTarget(event.currentTarget);
      props.onFocus?.(event);
    },
    onBlur(event: FocusEvent<HTMLElement>) {
      setTarget(null);
      props.onBlur?.(event);
    },
  };
  return (
    <>
      {cloneElement(children, { ...handlers, ...(target ? { 'aria-describedby': id } : {}) })}
      {target && (
        <Suspense>
          <Tooltip target={target} defaultOpened label={<span id={id}>{label}</span>} />
        </Suspense>
      )}
    </>
  );
}
