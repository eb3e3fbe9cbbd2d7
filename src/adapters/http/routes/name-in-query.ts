import { nameText } from '../../../streams/name-bytes.js';

/** A name in the query of an address, as `nameText` gives it: what is encoded need not be UTF-8. Undefined where there is none. */
export function nameInQuery(url: string, key: string): string | undefined {
  const begin = url.indexOf('?');
  if (begin === -1) return undefined;
  for (const pair of url
    .slice(begin + 1)
    .replace(/#.*$/s, '')
    .split('&')) {
    const [name = '', ...value] = pair.split('=');
    if (decoded(name) === key) return decoded(value.join('='));
  }
  return undefined;
}

/** What is no encoded byte stands for itself. */
function decoded(text: string): string {
  const bytes = Buffer.from(text.replaceAll('+', ' ')).toString('latin1');
  const plain = bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return nameText(Buffer.from(plain, 'latin1'));
}
