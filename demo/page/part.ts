/** The element that the document names with `data-part`. */
export function part<Kind extends Element = HTMLElement>(name: string): Kind {
  const element = document.querySelector<Kind>(`[data-part="${name}"]`);
  if (!element) throw new Error(`The page has no part "${name}".`);
  return element;
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Takes buttons out of use; what it returns puts them back, and the focus with them: a disabled button cannot keep it. */
export function rest(buttons: readonly HTMLButtonElement[]): () => void {
  const focused = buttons.find((button) => button === document.activeElement);
  for (const button of buttons) button.disabled = true;
  return () => {
    for (const button of buttons) button.disabled = false;
    if (document.activeElement === document.body) focused?.focus({ preventScroll: true });
  };
}

export const calm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
