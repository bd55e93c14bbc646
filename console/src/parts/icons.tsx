/** The few icons of the console, drawn as strokes on a grid of 16. They say nothing to a screen reader. */
function icon(path: string) {
  return function Icon() {
    return (
      <svg
        width="16"
        height="16"
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        <path d={path} />
      </svg>
    );
  };
}

export const CheckIcon = icon('M3 8.500l3.5 3.500L13 4.5');
export const CopyIcon = icon('M6 6h7.500v7.500H6zM3.5 10H2.500V2.500H10v1');
export const Cross2Icon = icon('M4 4l8 8M12 4l-8 8');
export const DotsIcon = icon('M3.5 8v.1M8 8v.1M12.500 8v.1');
export const ExclamationTriangleIcon = icon('M8 2.500l6 11H2zM8 6.500v3.500M8 11.800v.1');
export const ExitIcon = icon('M6 2.500H3v11h3M7 8h6.500M11 5.500L13.5 8 11 10.5');
export const EyeNoneIcon = icon('M2 6.500c3.5 4 8.5 4 12 0M4.5 9.500l-1 1.800M8 9.800v2M11.5 9.500l1 1.8');
export const EyeOpenIcon = icon('M1.5 8c3.5-5 9.5-5 13 0-3.5 5-9.5 5-13 0zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z');
export const LockClosedIcon = icon('M3.5 7h9v6.500h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2');
export const MagnifyingGlassIcon = icon('M7 2.500a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.300l3.2 3.2');
export const MoonIcon = icon('M13 9.500A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.500z');
export const PencilIcon = icon('M10.500 3l2.500 2.500L5.500 13H3v-2.500zM9 4.500L11.500 7');
export const PlusIcon = icon('M8 3v10M3 8h10');
export const SunIcon = icon(
  'M8 5.500a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.500v1M8 13.500v1M1.5 8h1M13.5 8h1M3.4 3.400l.7.7M11.9 11.900l.7.7M3.4 12.600l.7-.7M11.9 4.100l.7-.7',
);
