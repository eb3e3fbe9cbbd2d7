/**
 * Makes an element like another one and touches no more than what differs: focus, selection and opened details stay.
 * @param {Node} old
 * @param {Node} fresh
 */
export function merge(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.parentNode?.replaceChild(fresh, old);
    return;
  }
  if (old instanceof Element && fresh instanceof Element) mergeAttributes(old, fresh);
  else old.nodeValue = fresh.nodeValue;
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  for (const [index, child] of after.entries()) {
    const there = before[index];
    if (there === undefined) old.appendChild(child);
    else merge(there, child);
  }
  for (const gone of before.slice(after.length)) old.removeChild(gone);
}

/**
 * @param {Element} old
 * @param {Element} fresh
 */
function mergeAttributes(old, fresh) {
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    // Whether details are open is the reader's choice.
    if (!fresh.hasAttribute(name) && !(old.nodeName === 'DETAILS' && name === 'open'))
      old.removeAttribute(name);
  }
}
