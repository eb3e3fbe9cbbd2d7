/** The host of an URL as an address is written, without brackets; the text itself where it is no URL. */
export function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : url;
}
