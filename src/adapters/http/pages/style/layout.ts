/** Colours for light and dark, the frame of a page, and what stands in it as text. */
export const LAYOUT = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f8fa; --text: #1b1f24; --muted: #57606a; --line: #d5dae0; --link: #0a58ca;
  --ok: #116329; --ok-soft: #dafbe1; --bad: #a40e26; --bad-soft: #ffebe9; --go: #0550ae; --go-soft: #ddf4ff;
  --warn: #7d4e00; --warn-soft: #fff4c2; --none: #57606a; --none-soft: #eaeef2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --raised: #161b22; --text: #e6edf3; --muted: #9aa4af; --line: #2d343d; --link: #79b8ff;
    --ok: #56d364; --ok-soft: #12281a; --bad: #ff8b85; --bad-soft: #31161a; --go: #79c0ff; --go-soft: #0f2440;
    --warn: #e3b341; --warn-soft: #2c2312; --none: #9aa4af; --none-soft: #21262d;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
code, .id, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
a { color: var(--link); text-underline-offset: .15em; text-decoration-thickness: 1px; }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.bar { position: sticky; top: 0; z-index: 2; display: flex; align-items: center; gap: 1rem; min-height: 3rem; padding: 0 max(1rem, calc((100% - 72rem) / 2)); background: var(--raised); border-bottom: 1px solid var(--line); }
.bar nav { display: flex; align-items: center; min-width: 0; flex: 1; white-space: nowrap; }
.bar nav > a, .bar nav > span:not(.slash) { overflow: hidden; text-overflow: ellipsis; padding: .6rem 0; }
.bar nav > [aria-current] { flex: none; max-width: 60%; }
.bar a { text-decoration: none; } .bar a:hover { text-decoration: underline; }
.bar .brand { color: var(--text); font-weight: 700; flex: none; }
.slash { color: var(--muted); padding: 0 .5rem; flex: none; }
#connection { color: var(--muted); font-size: .86rem; white-space: nowrap; }
#connection[data-state="live"]::before { content: ""; display: inline-block; width: .55rem; height: .55rem; margin-right: .4rem; border-radius: 50%; background: var(--ok); }
#connection[data-state="lost"] { color: var(--warn); }
main { max-width: 74rem; margin: 0 auto; padding: 1.2rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .7rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .6rem 0; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .8rem; }
.lead, .muted { color: var(--muted); }
.muted { font-size: .9rem; }
.empty { color: var(--muted); padding: 2.5rem 0; text-align: center; }
.problem, .note { padding: .55rem .8rem; border-radius: 6px; overflow-wrap: anywhere; white-space: pre-wrap; background: var(--none-soft); }
.problem { background: var(--bad-soft); color: var(--bad); }
.unseen { font-size: .75em; padding: 0 .25em; border-radius: 3px; background: var(--warn-soft); color: var(--warn); }
input, select, button, .button { font: inherit; font-size: .93rem; min-height: 2.5rem; padding: .35rem .8rem; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); color: var(--text); }
input, select { background: var(--ground); min-width: 0; width: 15rem; max-width: 100%; }
button { cursor: pointer; }
.button { display: inline-flex; align-items: center; text-decoration: none; }
button:hover, .button:hover { border-color: var(--muted); }
[hidden] { display: none !important; }
.search, .actions { display: flex; gap: .4rem; }
.actions { flex-wrap: wrap; margin: .4rem 0 1rem; }
.filter { flex-wrap: wrap; } .filter input, .filter select { width: 10rem; }
.refusal { text-align: center; padding: 3rem 0; max-width: 34rem; margin: 0 auto; }
.refusal .code { font-size: 4rem; font-weight: 700; line-height: 1; margin: 0 0 .6rem; color: var(--line); }
@media (max-width: 42rem) {
  main { padding: .9rem .8rem 3rem; }
  h1 { font-size: 1.3rem; }
  .search { flex: 1 1 100%; } .search input { flex: 1; }
  .filter input, .filter select { flex: 1 1 9rem; width: auto; }
  input, select, button, .button { min-height: 2.75rem; }
  input, select { font-size: 16px; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
`;
