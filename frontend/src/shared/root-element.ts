/** The element that every page of ours renders into. */
export function rootElement(): HTMLElement {
  const element = document.getElementById('root');
  if (element === null) {
    throw new Error('the page has no #root');
  }
  return element;
}
