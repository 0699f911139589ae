import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

const nothing = () => {};

// What jsdom lacks and the component library asks for.
Object.defineProperty(window, 'matchMedia', {
  value: (query: string) => ({ matches: false, media: query, addEventListener: nothing, removeEventListener: nothing, addListener: nothing, removeListener: nothing, dispatchEvent: () => false }),
});
class NoResizeObserver implements ResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
window.ResizeObserver = NoResizeObserver;
window.HTMLElement.prototype.scrollIntoView = () => {};
Object.defineProperty(document, 'fonts', { value: { addEventListener: nothing, removeEventListener: nothing } });

afterEach(() => {
  cleanup();
  localStorage.clear();
});
